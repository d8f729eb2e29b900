import type { PhotoshopBridge, ProbeLine } from './protocol';

type Probe = () => Promise<{ ok: boolean; found: string }>;

const SECOND = 1000;

/** What only a real host can answer about the page: each line is named in docs/photoshop.md. */
export function pageProbes(window: Window, bridge: PhotoshopBridge, signal: AbortSignal): Record<string, Probe> {
  let lastSeconds = 0;
  /** One message of that length; left out where a shorter one was slow, so that nothing hangs. */
  const message = async (megabytes: number) => {
    if (lastSeconds > 1) return { ok: true, found: `left out: a quarter of it took ${lastSeconds.toFixed(1)} s` };
    const text = 'lway'.repeat(megabytes << 18);
    const before = performance.now();
    const { value } = await bridge.request(signal, 'probe.echo', text, { silence: 20 * SECOND });
    lastSeconds = (performance.now() - before) / SECOND;
    return { ok: value === text, found: `${((2 * megabytes) / lastSeconds).toFixed(1)} MB/s of text, there and back` };
  };
  const yes = (ok: boolean, found: string) => ({ ok, found });
  return {
    async versions() {
      const { value } = await bridge.request(signal, 'probe.facts');
      const { photoshop, uxp, system, plugin } = value;
      return yes(true, `Photoshop ${photoshop}, UXP ${uxp}, LWay ${plugin}, ${system}, ${window.navigator.userAgent}`);
    },
    async origin() {
      const { location, isSecureContext, crossOriginIsolated } = window;
      return yes(
        isSecureContext,
        `${location.protocol} origin ${window.origin}, secure ${isSecureContext}, isolated ${crossOriginIsolated}`,
      );
    },
    async 'relative-fetch'() {
      const response = await window.fetch('packed/models/models.json.js');
      return yes(response.ok, `status ${response.status}`);
    },
    async 'blob-worker'() {
      const source = 'postMessage(typeof navigator.gpu)';
      const url = URL.createObjectURL(new Blob([source], { type: 'text/javascript' }));
      try {
        const worker = new Worker(url);
        const gpu = await new Promise<string>((resolve, reject) => {
          worker.onmessage = ({ data }) => resolve(String(data));
          worker.onerror = () => reject(new Error('the worker did not start'));
        });
        worker.terminate();
        return yes(true, `starts; navigator.gpu inside: ${gpu}`);
      } finally {
        URL.revokeObjectURL(url);
      }
    },
    async webgpu() {
      if (!window.navigator.gpu) return yes(false, 'navigator.gpu is missing');
      const adapter = await window.navigator.gpu.requestAdapter();
      if (!adapter) return yes(false, 'no adapter');
      const { vendor, architecture, description } = adapter.info;
      const { maxBufferSize, maxStorageBufferBindingSize } = adapter.limits;
      const f16 = adapter.features.has('shader-f16');
      return yes(
        true,
        `${vendor} ${architecture} ${description}; buffer ${maxBufferSize}, binding ${maxStorageBufferBindingSize}, f16 ${f16}`,
      );
    },
    async wasm() {
      const module = new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0]);
      await WebAssembly.compile(module);
      return yes(true, `compiles; SharedArrayBuffer ${typeof SharedArrayBuffer}`);
    },
    async storage() {
      const indexed = await new Promise<string>((resolve) => {
        const request = indexedDB.open('lway-probe');
        request.onsuccess = () => {
          request.result.close();
          indexedDB.deleteDatabase('lway-probe');
          resolve('works');
        };
        request.onerror = () => resolve('refused');
      });
      const local = attempt(() => window.localStorage.length >= 0);
      return yes(
        indexed === 'works',
        `IndexedDB ${indexed}, localStorage ${local}, host settings ${await hostSettings(bridge, signal)}`,
      );
    },
    'bridge-attachment-16-mb': () => attachment(bridge, signal, 16),
    'bridge-message-1-mb': () => message(1),
    'bridge-message-4-mb': () => message(4),
    'bridge-message-16-mb': () => message(16),
    'bridge-message-64-mb': () => message(64),
    async 'timers-while-hidden'() {
      // The person hides the panel meanwhile; how late the latest of fifty beats was tells whether the page slept.
      let latest = 0;
      for (let i = 0; i < 50; i++) {
        const before = performance.now();
        await new Promise((resolve) => setTimeout(resolve, 100));
        latest = Math.max(latest, performance.now() - before);
      }
      return yes(latest < 2 * SECOND, `longest pause ${Math.round(latest)} ms (hide the panel while this runs)`);
    },
  };
}

/** Runs all probes, the host's at the end; hears of each line as it is known. */
export async function runProbes(
  window: Window,
  bridge: PhotoshopBridge,
  signal: AbortSignal,
  onLine: (line: ProbeLine) => void,
) {
  const say = (line: ProbeLine) => {
    signal.throwIfAborted();
    onLine(line);
  };
  for (const [id, probe] of Object.entries(pageProbes(window, bridge, signal))) {
    try {
      say({ id, ...(await probe()) });
    } catch (error) {
      say({ id, ok: false, found: String(error) });
    }
  }
  try {
    const { value } = await bridge.request(signal, 'probe.photoshop');
    for (const line of value) say(line);
  } catch (error) {
    say({ id: 'photoshop', ok: false, found: String(error) });
  }
}

/** The report as text, for "Copy report". Holds versions and measurements, nothing of the person's pictures. */
export function reportOf(lines: readonly ProbeLine[]): string {
  return ['LWay diagnostics', ...lines.map(({ id, ok, found }) => `${ok ? 'ok  ' : 'FAIL'} ${id}: ${found}`)].join(
    '\n',
  );
}

/** Pixels as they travel: in pieces, base64. */
async function attachment(bridge: PhotoshopBridge, signal: AbortSignal, megabytes: number) {
  const bytes = new Uint8Array(megabytes << 20).map((_, i) => (i * 2654435761) >>> 24);
  const before = performance.now();
  const answer = await bridge.request(signal, 'probe.echo', null, { bytes });
  const seconds = (performance.now() - before) / SECOND;
  const same = answer.bytes?.length === bytes.length && answer.bytes.every((value, i) => value === bytes[i]);
  return { ok: same, found: `${((2 * megabytes) / seconds).toFixed(1)} MB/s of pixels, there and back` };
}

async function hostSettings(bridge: PhotoshopBridge, signal: AbortSignal): Promise<string> {
  await bridge.request(signal, 'settings.set', { key: 'probe', value: 'kept' });
  const { value } = await bridge.request(signal, 'settings.get', { key: 'probe' });
  return value === 'kept' ? 'kept' : 'lost';
}

function attempt(work: () => unknown): string {
  try {
    work();
    return 'works';
  } catch {
    return 'refused';
  }
}
