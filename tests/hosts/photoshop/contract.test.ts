import { toInterleaved } from '../../../src/engine/raster/depth';
import type { Raster, Rect } from '../../../src/engine/raster/raster';
import type { Depth } from '../../doubles/photoshop/constants';
import { FakeLayer } from '../../doubles/photoshop/document';
import { makePlane, writePlane, type Edges, type Plane } from '../../doubles/photoshop/plane';
import { boundsOf } from '../../doubles/photoshop/state';
import { describeHostContract, testPixels, type HostUnderTest, type TestDocument } from '../contract';
import { plugin } from './setup';

const toRect = ({ left, top, right, bottom }: Edges): Rect => ({
  x: left,
  y: top,
  width: right - left,
  height: bottom - top,
});

function planeOf(raster: Raster, x: number, y: number, depth: Depth): Plane {
  const edges = { left: x, top: y, right: x + raster.width, bottom: y + raster.height };
  const source = makePlane(edges, raster.channels, raster.channels % 2 === 0, depth);
  source.data.set(toInterleaved(raster, depth, { white: depth === 16 ? 32768 : undefined }));
  return writePlane(makePlane(edges, 4, true, depth), source);
}

/** Photoshop's double with a document open, the plugin's both sides, and what a person does with mouse and menus. */
async function createEditor({ width, height, bitDepth, background, layer }: TestDocument): Promise<HostUnderTest> {
  const { ps, host, bridge, dispose } = plugin();
  const document = ps.openDocument({ width, height, depth: bitDepth, name: 'test.psb' });
  ps.addLayer(document, background.name, planeOf(testPixels(width, height, 3, bitDepth), 0, 0, bitDepth));
  ps.addLayer(document, layer.name, planeOf(layer.pixels, layer.x, layer.y, bitDepth));
  document.history.splice(0, 2);
  /** The plugin tells its pages of what happens. */
  const announce = async () => {
    await bridge.whenConnected(new AbortController().signal);
    bridge.emit('changed');
  };
  return {
    host,
    async select(rect) {
      const edges = rect ?? { x: 0, y: 0, width: 0, height: 0 };
      const { x, y } = edges;
      ps.select(ps.active!, { left: x, top: y, right: x + edges.width, bottom: y + edges.height });
      await announce();
    },
    async undo() {
      ps.undo(ps.active!);
    },
    async closeDocument() {
      ps.close(ps.active!);
    },
    async removeActiveLayer() {
      const active = ps.active!;
      active.state.layers = active.state.layers.filter(({ id }) => id !== active.state.active[0]);
      active.state.active = [active.state.layers[0]!.id];
      active.push('Delete Layer');
    },
    async layers() {
      return ps.active!.state.layers.map((state) => ({ name: state.name, bounds: toRect(boundsOf(state)) }));
    },
    async snapshot() {
      return ps.documents.map((one) => ({
        id: one.id,
        name: one.name,
        size: [one.width, one.height],
        history: one.history.map(({ name }) => name),
        selection: one.selection.bounds,
        active: one.activeLayers.map(({ id }) => new FakeLayer(one, id).name),
        layers: one.state.layers.map(({ name, visible, plane }) => ({ name, visible, pixels: [...plane!.data] })),
      }));
    },
    async dispose() {
      dispose();
      expect([...ps.imaging.live]).toEqual([]);
      expect(ps.isModal).toBe(false);
    },
  };
}

describeHostContract('Photoshop', createEditor);
