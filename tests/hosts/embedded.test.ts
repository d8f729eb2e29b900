import { toInterleaved } from '../../src/engine/raster/depth';
import type { Raster, Rect } from '../../src/engine/raster/raster';
import { SpillingTileStore } from '../../src/engine/raster/store/tile-store';
import { EmbeddedHost } from '../../src/hosts/embedded/embedded-host';
import { moveLayer, removeLayer, renameLayer } from '../../src/hosts/embedded/layers';
import { PackedPixels } from '../../src/hosts/shared/pixels';
import { newId, Workspace } from '../../src/hosts/embedded/workspace';
import { describeHostContract, testPixels, type TestDocument } from './contract';

const never = new AbortController().signal;

function pack(raster: Raster, bitDepth: 8 | 16): PackedPixels {
  const { width, height, channels } = raster;
  return new PackedPixels({ width, height, channels, bitDepth, encoding: 'display' }, toInterleaved(raster, bitDepth));
}

/** The workspace with a {@link TestDocument} open, and what the editor's own buttons do. */
function createEditor({ width, height, bitDepth, background, layer }: TestDocument) {
  const workspace = new Workspace();
  const stores: SpillingTileStore[] = [];
  const host = new EmbeddedHost(workspace, () => {
    const store = new SpillingTileStore({ memory: 1 << 24 });
    stores.push(store);
    return store;
  });
  const document = workspace.add('test.png', background.name, pack(testPixels(width, height, 3, bitDepth), bitDepth));
  const subject = {
    id: newId('layer'),
    name: layer.name,
    visible: true,
    bounds: { x: layer.x, y: layer.y, width: layer.pixels.width, height: layer.pixels.height },
    pixels: pack(layer.pixels, bitDepth),
  };
  workspace.adjust(document, { layers: [subject, ...document.state.layers], activeId: subject.id });
  return {
    workspace,
    host,
    stores,
    select: async (selection: Rect | null) => workspace.adjust(workspace.active!, { selection }),
    undo: async () => workspace.undo(workspace.active!),
    closeDocument: async () => workspace.close(workspace.active!.id),
    removeActiveLayer: async () => {
      const { state } = workspace.active!;
      const layers = state.layers.filter(({ id }) => id !== state.activeId);
      workspace.apply(workspace.active!, 'Remove', { layers, activeId: layers[0]?.id ?? null });
    },
    layers: async () => workspace.active!.state.layers.map(({ name, bounds }) => ({ name, bounds })),
    snapshot: async () =>
      Promise.all(
        workspace.documents.map(async ({ id, name, state, past }) => ({
          id,
          name,
          state: {
            ...state,
            layers: state.layers.map(({ id, name, visible, bounds }) => ({ id, name, visible, bounds })),
          },
          undo: past.length,
          pixels: await Promise.all(
            state.layers.map(({ pixels }) =>
              pixels.read(never, { x: 0, y: 0, width: pixels.info.width, height: pixels.info.height }),
            ),
          ),
        })),
      ),
    dispose: async () => workspace.documents.slice().forEach(({ id }) => workspace.close(id)),
  };
}

describeHostContract('The built-in editor', async (document) => createEditor(document));

describe('The built-in editor', () => {
  const small: TestDocument = {
    width: 20,
    height: 10,
    bitDepth: 8,
    background: { name: 'Background' },
    layer: { name: 'Subject', x: 3, y: 2, pixels: testPixels(8, 6, 3, 8) },
  };
  const result = (width: number, height: number) => pack(testPixels(width, height, 3, 8), 8);
  const upscale = async (editor: ReturnType<typeof createEditor>, width: number, height: number) => {
    const target = await editor.host.open(never, 'layer');
    await target.commit(never, { destination: 'layer', result: result(width, height), layerName: 'Up' });
    await target.close();
  };

  test('reads a layer of an enlarged document in its own pixels, and puts results where it lies', async () => {
    const editor = createEditor(small);
    await upscale(editor, 16, 12);
    const { workspace, host } = editor;
    const [first, subject] = workspace.active!.state.layers;
    host.activateLayer(subject!.id);
    const { source, bounds, own } = await host.open(never, 'layer');
    expect(bounds).toEqual({ x: 6, y: 4, width: 16, height: 12 });
    expect(own).toEqual({ x: 0, y: 0, width: 8, height: 6 });
    const read = await source.read(never, { x: 0, y: 0, width: 8, height: 6 });
    expect([...read.data].map((value) => Math.round(value * 255))).toEqual(
      [...small.layer.pixels.data].map((value) => Math.round(value * 255)),
    );
    // Four times: the document grows once more. Twice: it stays as it is.
    await upscale(editor, 32, 24);
    expect(workspace.active!.state).toMatchObject({ width: 80, height: 40 });
    expect(workspace.active!.state.layers[0]).toMatchObject({
      bounds: { x: 12, y: 8, width: 32, height: 24 },
      madeFrom: subject!.id,
    });
    host.activateLayer(subject!.id);
    await upscale(editor, 16, 12);
    const { width, layers } = workspace.active!.state;
    expect(width).toBe(80);
    expect(layers[0]).toMatchObject({ bounds: { x: 12, y: 8, width: 32, height: 24 }, madeFrom: subject!.id });
    expect(layers[0]!.pixels.info).toMatchObject({ width: 16, height: 12 });
    expect(layers[2]!.id).toBe(first!.id);
  });

  test('opens as many of the layer’s own pixels as a selection touches', async () => {
    const editor = createEditor(small);
    await upscale(editor, 32, 24);
    const { workspace, host } = editor;
    host.activateLayer(workspace.active!.state.layers[1]!.id);
    await editor.select({ x: 17, y: 12, width: 6, height: 5 });
    const { source, bounds, own } = await host.open(never, 'region');
    // Every pixel of its own is 4×4 of the document's; the layer begins at 12, 8.
    expect(own).toEqual({ x: 1, y: 1, width: 2, height: 2 });
    expect(bounds).toEqual({ x: 16, y: 12, width: 8, height: 8 });
    expect(source.info).toMatchObject({ width: 2, height: 2 });
  });

  test('layers are deleted, renamed and moved as one undo step each; the last one stays', () => {
    const { workspace } = createEditor(small);
    const document = workspace.active!;
    const names = () => document.state.layers.map(({ name }) => name);
    const [subject, background] = document.state.layers;
    moveLayer(workspace, document, subject!.id, 5);
    expect(names()).toEqual(['Background', 'Subject']);
    renameLayer(workspace, document, subject!.id, '  Her  ');
    expect(names()).toEqual(['Background', 'Her']);
    renameLayer(workspace, document, subject!.id, ' ');
    removeLayer(workspace, document, background!.id);
    removeLayer(workspace, document, subject!.id);
    expect(names()).toEqual(['Her']);
    expect(document.past.map(({ label }) => label)).toEqual(['Move Subject', 'Rename Subject', 'Delete Background']);
    for (let i = 0; i < 3; i++) workspace.undo(document);
    expect(document.state.layers).toEqual([subject, background]);
  });

  test('knows what is in no file yet', async () => {
    const editor = createEditor(small);
    const { workspace } = editor;
    const document = workspace.active!;
    workspace.markSaved(document);
    await upscale(editor, 16, 12);
    expect(workspace.unsaved(document)).toBe(true);
    workspace.undo(document);
    expect(workspace.unsaved(document)).toBe(false);
    workspace.redo(document);
    workspace.markSaved(document);
    expect(workspace.unsaved(document)).toBe(false);
  });

  test('redoes what was undone, and forgets it after something new', async () => {
    const editor = createEditor(small);
    await upscale(editor, 16, 12);
    const { workspace } = editor;
    const document = workspace.active!;
    const after = document.state;
    workspace.undo(document);
    workspace.redo(document);
    expect(document.state).toBe(after);
    workspace.undo(document);
    await upscale(editor, 32, 24);
    workspace.redo(document);
    expect(document.state.width).toBe(80);
  });

  test('gives a result’s storage back when no layer and no undo step needs it', async () => {
    const editor = createEditor(small);
    const { workspace, stores } = editor;
    await upscale(editor, 16, 12);
    const disposed = jest.spyOn(stores[0]!, 'dispose');
    workspace.undo(workspace.active!);
    expect(disposed).not.toHaveBeenCalled();
    // Something new instead of the redo: the first result is out of reach.
    await upscale(editor, 32, 24);
    expect(disposed).toHaveBeenCalledTimes(1);
  });

  test('keeps pixels readable while they are open, even when the document is closed', async () => {
    const editor = createEditor(small);
    await upscale(editor, 16, 12);
    const target = await editor.host.open(never, 'layer');
    const disposed = jest.spyOn(editor.stores[0]!, 'dispose');
    await editor.closeDocument();
    await expect(target.source.read(never, { x: 0, y: 0, width: 16, height: 12 })).resolves.toBeDefined();
    expect(disposed).not.toHaveBeenCalled();
    await target.close();
    expect(disposed).toHaveBeenCalledTimes(1);
  });

  test('gives storage back when a commit fails', async () => {
    const editor = createEditor(small);
    const target = await editor.host.open(never, 'layer');
    const broken = { info: result(16, 12).info, read: () => Promise.reject(new Error('broken')) };
    const request = { target, destination: 'layer', result: broken, layerName: 'Up' } as const;
    await expect(request.target.commit(never, request)).rejects.toThrow('broken');
    await expect(editor.stores[0]!.begin(never, broken.info)).rejects.toThrow('disposed');
  });
});
