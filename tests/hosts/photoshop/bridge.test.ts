import { LWayError } from '../../../src/engine/common/errors';
import { Bridge, abortError, type BridgeOptions, type Call } from '../../../src/hosts/photoshop/bridge/bridge';
import { findEnvelope } from '../../../src/hosts/photoshop/bridge/envelope';
import { FakeWebView } from '../../doubles/photoshop/webview';

const never = new AbortController().signal;
const open: Bridge[] = [];

function bridgeOf(...args: ConstructorParameters<typeof Bridge>): Bridge {
  const bridge = new Bridge(...args);
  open.push(bridge);
  return bridge;
}

function pair(options: Partial<BridgeOptions> = {}, webView = new FakeWebView()) {
  const host = bridgeOf(webView.host, { role: 'host', hello: 5, ...options });
  const page = bridgeOf(webView.page(), { role: 'page', hello: 5, ...options });
  return { webView, host, page };
}

afterEach(() => {
  for (const bridge of open.splice(0)) bridge.close();
});

const until = async (condition: () => boolean) => {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 2));
};
const aborted = (call: Call) =>
  new Promise<never>((_, reject) => call.signal.addEventListener('abort', () => reject(call.signal.reason)));

describe('handshake', () => {
  test('in either order of starting', async () => {
    const webView = new FakeWebView();
    const page = bridgeOf(webView.page(), { role: 'page', hello: 5 });
    await new Promise((resolve) => setTimeout(resolve, 20));
    const host = bridgeOf(webView.host, { role: 'host' });
    await Promise.all([page.whenConnected(never), host.whenConnected(never)]);
    expect(page.connected && host.connected).toBe(true);
  });

  test('waiting for it can be cancelled, and ends when the bridge is closed', async () => {
    const host = bridgeOf(new FakeWebView().host, { role: 'host' });
    const controller = new AbortController();
    const waiting = host.whenConnected(controller.signal);
    controller.abort(abortError());
    await expect(waiting).rejects.toThrow('Cancelled.');
    const other = host.request(never, 'x');
    host.close();
    await expect(other).rejects.toThrow('closed');
  });

  test('a page that is reloaded is another session: what was under way fails on both ends, what follows works', async () => {
    const { webView, host, page } = pair({ grace: 50 });
    let connections = 0;
    const signals: AbortSignal[] = [];
    host.handle('slow', (call) => {
      signals.push(call.signal);
      return aborted(call);
    });
    page.handle('play', aborted);
    page.request(never, 'slow').catch(() => undefined);
    await host.whenConnected(never);
    const playing = host.request(never, 'play');
    playing.catch(() => undefined);
    await until(() => signals.length === 1);
    webView.reload();
    const again = bridgeOf(webView.page(), { role: 'page', hello: 5, onConnect: () => connections++ });
    await again.whenConnected(never);
    await expect(playing).rejects.toThrow('reloaded');
    expect(signals[0]!.aborted).toBe(true);
    host.handle('echo', ({ params }) => ({ value: params }));
    expect((await again.request(never, 'echo', 1)).value).toBe(1);
    expect(connections).toBe(1);
  });

  test('a plugin that is reloaded under a living page finds it again', async () => {
    const { webView, host, page } = pair();
    await page.whenConnected(never);
    host.close();
    const again = bridgeOf(webView.host, { role: 'host' });
    again.handle('echo', ({ params }) => ({ value: params }));
    const lost = page.request(never, 'echo', 1);
    await expect(lost).rejects.toThrow('reloaded');
    expect((await page.request(never, 'echo', 2)).value).toBe(2);
  });
});

describe('messages', () => {
  test('foreign ones are passed over; ours are found inside events and text', async () => {
    const { webView, host, page } = pair();
    await page.whenConnected(never);
    for (const stray of [
      null,
      1,
      'text',
      '{"lway":1',
      '{"lway":1}',
      { type: 'uxp' },
      { lway: 2 },
      { data: { lway: 1 } },
    ]) {
      webView.strayToPage(stray);
      webView.strayToHost(stray);
    }
    host.handle('echo', ({ params }) => ({ value: params }));
    expect((await page.request(never, 'echo', { a: [1] })).value).toEqual({ a: [1] });
    const envelope = { lway: 1, from: 'a', to: '', n: 1, body: { t: 'hello' } };
    expect(findEnvelope(JSON.stringify(envelope))).toEqual(envelope);
    expect(findEnvelope({ data: JSON.stringify(envelope) })).toEqual(envelope);
    expect(findEnvelope({ type: 'x', message: { data: envelope } })).toEqual(envelope);
  });

  test('one that two listeners hand over is taken once', async () => {
    const webView = new FakeWebView();
    const twice = {
      post: webView.host.post,
      listen: (listener: (message: unknown) => void) =>
        webView.host.listen((message) => {
          listener(message);
          listener({ data: message });
        }),
    };
    const host = bridgeOf(twice, { role: 'host' });
    const page = bridgeOf(webView.page(), { role: 'page', hello: 5 });
    let calls = 0;
    host.handle('count', () => ({ value: ++calls }));
    expect((await page.request(never, 'count')).value).toBe(1);
    expect((await page.request(never, 'count')).value).toBe(2);
  });

  test('mail of one session does not reach another', async () => {
    const { webView, host, page } = pair();
    await page.whenConnected(never);
    let served = 0;
    host.handle('count', () => void served++);
    webView.strayToHost({
      lway: 1,
      from: 'stranger',
      to: '',
      n: 1,
      body: { t: 'request', id: 1, method: 'count', params: null, bytes: 0 },
    });
    await page.request(never, 'count');
    expect(served).toBe(1);
  });

  test('events reach their listeners until they stop', async () => {
    const { host, page } = pair();
    const heard: unknown[] = [];
    const stop = page.on('changed', (value) => heard.push(value));
    await host.whenConnected(never);
    host.emit('changed', 1);
    await until(() => heard.length === 1);
    stop();
    host.emit('changed', 2);
    page.handle('ping', () => undefined);
    await host.request(never, 'ping');
    expect(heard).toEqual([1]);
  });
});

describe('requests', () => {
  test('errors arrive as what they were', async () => {
    const { host, page } = pair();
    host.handle('fail', () => {
      throw new LWayError('too-large', 'Too large.', 'Make it smaller.');
    });
    host.handle('crash', () => {
      throw new TypeError('undefined is not a function');
    });
    await expect(page.request(never, 'fail')).rejects.toMatchObject({ code: 'too-large', advice: 'Make it smaller.' });
    await expect(page.request(never, 'crash')).rejects.toMatchObject({ code: 'internal' });
    await expect(page.request(never, 'nobody')).rejects.toMatchObject({ code: 'internal' });
  });

  test('cancel reaches the handler, and waits until it has cleaned up', async () => {
    const { host, page } = pair();
    let clean = false;
    const controller = new AbortController();
    const reason = new Error('enough');
    host.handle('work', async (call) => {
      setTimeout(() => controller.abort(reason));
      try {
        await aborted(call);
      } finally {
        await new Promise((resolve) => setTimeout(resolve, 20));
        clean = true;
      }
    });
    const work = page.request(controller.signal, 'work');
    await expect(work).rejects.toBe(reason);
    expect(clean).toBe(true);
  });

  test('a cancel that comes too late does not hide what was done', async () => {
    const { host, page } = pair();
    const controller = new AbortController();
    host.handle('work', () => {
      controller.abort(abortError());
      return { value: 'done' };
    });
    expect((await page.request(controller.signal, 'work')).value).toBe('done');
  });

  test('progress and slow handlers keep a request alive; silence ends it', async () => {
    const { webView, host, page } = pair({ silence: 3000, heartbeat: 20 });
    host.handle('slow', async ({ progress }) => {
      for (let i = 0; i < 3; i++) {
        await new Promise((resolve) => setTimeout(resolve, 1100));
        progress(i);
      }
      return { value: 'done' };
    });
    const heard: unknown[] = [];
    expect((await page.request(never, 'slow', null, { onProgress: (value) => heard.push(value) })).value).toBe('done');
    expect(heard).toEqual([0, 1, 2]);
    page.handle('ping', () => undefined);
    webView.hide();
    await expect(host.request(never, 'ping')).rejects.toMatchObject({ code: 'timeout' });
    webView.show();
    await host.request(never, 'ping');
  });

  test('a hidden page answers when it is shown again', async () => {
    const { webView, host, page } = pair();
    page.handle('echo', ({ params }) => ({ value: params }));
    await host.whenConnected(never);
    webView.hide();
    const answer = host.request(never, 'echo', 7);
    setTimeout(() => webView.show(), 30);
    expect((await answer).value).toBe(7);
  });

  test('a channel that is gone fails what is asked of it', async () => {
    const { webView, host } = pair();
    await host.whenConnected(never);
    webView.close();
    await expect(host.request(never, 'ping')).rejects.toThrow('closed');
  });
});

describe('attachments', () => {
  const chunk = 999;
  const bytes = new Uint8Array(10_000).map((_, i) => i * 31);

  test('travel both ways, in pieces no longer than agreed, never more on the way than the window holds', async () => {
    for (const delay of [0, 3]) {
      const { webView, host, page } = pair({ chunk, window: 2 * chunk }, new FakeWebView({ delay }));
      let onTheWay = 0;
      let most = 0;
      webView.host.listen((message) => {
        const envelope = findEnvelope(message)!;
        if (envelope.body.t === 'chunk') most = Math.max(most, ++onTheWay);
        if (envelope.body.t === 'chunk') queueMicrotask(() => onTheWay--);
      });
      host.handle('turn', (call) => ({ value: call.bytes!.length, bytes: call.bytes!.slice().reverse() }));
      const answer = await page.request(never, 'turn', null, { bytes });
      expect(answer.value).toBe(bytes.length);
      expect([...answer.bytes!.reverse()]).toEqual([...bytes]);
      expect(webView.traffic.longest).toBeLessThan(chunk * 1.4 + 200);
      expect(most).toBeLessThanOrEqual(2);
    }
  });

  test('many at once do not mix', async () => {
    const { host, page } = pair({ chunk, window: 3 * chunk });
    host.handle('echo', (call) => ({ value: call.params, bytes: call.bytes }));
    const answers = await Promise.all(
      [1, 2, 3, 4, 5].map((i) => page.request(never, 'echo', i, { bytes: bytes.map((value) => value ^ i) })),
    );
    for (const [k, { value, bytes: got }] of answers.entries()) {
      expect(value).toBe(k + 1);
      expect(Buffer.from(got!).equals(Buffer.from(bytes.map((b) => b ^ (k + 1))))).toBe(true);
    }
  });

  test('a cancel in the middle of one leaves room for the next', async () => {
    const { webView, host, page } = pair({ chunk, window: chunk, grace: 200 }, new FakeWebView({ delay: 2 }));
    host.handle('echo', (call) => ({ bytes: call.bytes, value: null }));
    host.handle('big', () => ({ value: null, bytes }));
    for (const [method, attachment] of [
      ['echo', bytes],
      ['big', undefined],
    ] as const) {
      const controller = new AbortController();
      const cancelled = page.request(controller.signal, method, null, { bytes: attachment });
      const before = webView.traffic.toHost + webView.traffic.toPage;
      await until(() => webView.traffic.toHost + webView.traffic.toPage > before + 3 * chunk);
      controller.abort(abortError());
      await expect(cancelled).rejects.toThrow('Cancelled.');
      const { bytes: got } = await page.request(never, 'echo', null, { bytes });
      expect(got!.length).toBe(bytes.length);
    }
  });

  test('a damaged piece is an error', async () => {
    const webView = new FakeWebView();
    const damage = {
      post: (message: unknown) => {
        const { body } = findEnvelope(message)!;
        if (body.t === 'chunk') body.data = body.data.replace(/^..../, '!!!!');
        webView.host.post(message);
      },
      listen: webView.host.listen,
    };
    const host = bridgeOf(damage, { role: 'host' });
    const page = bridgeOf(webView.page(), { role: 'page', hello: 5 });
    host.handle('big', () => ({ value: null, bytes }));
    await expect(page.request(never, 'big')).rejects.toThrow('damaged');
  });
});
