import type { DocumentState, Layer, OpenDocument, Workspace } from './workspace';

// What can be done with a document's layers; each is one undo step, showing and hiding excepted.

const find = ({ layers }: DocumentState, id: string) => layers.findIndex((layer) => layer.id === id);

/** Removes a layer. The last one stays: a document without layers shows nothing and does nothing. */
export function removeLayer(workspace: Workspace, document: OpenDocument, id: string): void {
  const { layers, activeId } = document.state;
  const at = find(document.state, id);
  if (at < 0 || layers.length === 1) return;
  const left = layers.filter((layer) => layer.id !== id);
  const next = left[Math.min(at, left.length - 1)]!;
  workspace.apply(document, `Delete ${layers[at]!.name}`, {
    layers: left,
    activeId: activeId === id ? next.id : activeId,
  });
}

export function renameLayer(workspace: Workspace, document: OpenDocument, id: string, name: string): void {
  const wanted = name.trim();
  const layer = document.state.layers.find((one) => one.id === id);
  if (!layer || wanted === '' || wanted === layer.name) return;
  const layers = document.state.layers.map((one) => (one === layer ? { ...one, name: wanted } : one));
  workspace.apply(document, `Rename ${layer.name}`, { layers });
}

/** Moves a layer to place `to`, 0 the topmost. */
export function moveLayer(workspace: Workspace, document: OpenDocument, id: string, to: number): void {
  const { layers } = document.state;
  const from = find(document.state, id);
  const place = Math.min(layers.length - 1, Math.max(0, to));
  if (from < 0 || from === place) return;
  const moved = layers.filter((layer) => layer.id !== id);
  moved.splice(place, 0, layers[from]!);
  workspace.apply(document, `Move ${layers[from]!.name}`, { layers: moved });
}

export function toggleLayer(workspace: Workspace, document: OpenDocument, layer: Layer): void {
  const layers = document.state.layers.map((one) => (one.id === layer.id ? { ...one, visible: !one.visible } : one));
  workspace.adjust(document, { layers });
}
