/**
 * How the page gets the files that it was delivered with: `models/models.json`, `models/NAME.onnx`, `ort/NAME.wasm`.
 * Over HTTP they are fetched; a page that an editor opens from `file://` can fetch nothing and brings its own loader.
 */
export interface AssetLoader {
  /**
   * @param name path relative to the page, with forward slashes
   * @throws LWayError `missing-model` where the file is not there
   */
  load(signal: AbortSignal, name: string): Promise<Uint8Array>;
}
