/** More threads gain little and starve the page. */
const most = 8;

/** How many threads WASM can have where its files have addresses: several only in an isolated page (COOP and COEP). */
export function wasmThreads(): number {
  return globalThis.crossOriginIsolated ? Math.min(most, navigator.hardwareConcurrency || 1) : 1;
}
