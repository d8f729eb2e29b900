import { toInterleaved } from '../../src/engine/raster/depth';
import type { Raster, Rect } from '../../src/engine/raster/raster';
import { SpillingTileStore } from '../../src/engine/raster/store/tile-store';
import { EmbeddedHost } from '../../src/hosts/embedded/embedded-host';
import { PackedPixels } from '../../src/hosts/embedded/pixels';
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
    await editor.host.commit(never, { target, destination: 'layer', result: result(width, height), layerName: 'Up' });
    await target.close();
  };

  test('reads a layer of an enlarged document at the document’s resolution', async () => {
    const editor = createEditor(small);
    await upscale(editor, 16, 12);
    const { workspace } = editor;
    workspace.adjust(workspace.active!, { activeId: workspace.active!.state.layers[1]!.id });
    const { source, bounds } = await editor.host.open(never, 'layer');
    expect(bounds).toEqual({ x: 6, y: 4, width: 16, height: 12 });
    expect(source.info).toMatchObject({ width: 16, height: 12 });
    const read = await source.read(never, { x: 0, y: 0, width: 16, height: 12 });
    // Enlarging keeps the mean of the layer's own pixels.
    const mean = (data: Float32Array) => data.reduce((sum, value) => sum + value, 0) / data.length;
    expect(mean(read.data)).toBeCloseTo(mean(small.layer.pixels.data), 1);
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
    await expect(editor.host.commit(never, request)).rejects.toThrow('broken');
    await expect(editor.stores[0]!.begin(never, broken.info)).rejects.toThrow('disposed');
  });
});
