import { PassThrough } from 'node:stream';
import type { EngineEvent } from '../../src/engine/contract';
import { JsonReporter } from '../../src/cli/output/json-reporter';
import { BarView, LinesView, TextReporter } from '../../src/cli/output/text-reporter';
import { columns, duration, fileSize } from '../../src/cli/output/text';

test.each([
  [0, '0.0 s'],
  [9.94, '9.9 s'],
  [9.96, '10 s'],
  [59.6, '1:00 min'],
  [185, '3:05 min'],
  [3725, '1:02:05 h'],
])('%d seconds are %s', (seconds, text) => expect(duration(seconds)).toBe(text));

test.each([
  [999, '999 B'],
  [1500, '1.5 kB'],
  [12_345_678, '12 MB'],
])('%d bytes are %s', (bytes, text) => expect(fileSize(bytes)).toBe(text));

test('columns are as wide as their longest cell', () => {
  expect(
    columns([
      ['a', 'bb', 'c'],
      ['aaa', 'b', 'cc'],
    ]),
  ).toBe('a    bb  c\naaa  b   cc\n');
});

test('JSON leaves pixels out', () => {
  let lines = '';
  const reporter = new JsonReporter({ write: (text) => (lines += text) }, '1.0.0');
  reporter.event({ type: 'preview', step: 0, image: { width: 1, height: 1, data: new Uint8ClampedArray(4) } });
  reporter.event({ type: 'adaptation', step: 0, loss: 2 });
  expect(lines).toBe('{"event":"adaptation","step":0,"loss":2}\n');
});

describe('progress', () => {
  const progress = (done: number, secondsLeft?: number): EngineEvent => ({
    type: 'progress',
    done,
    total: 40,
    unit: 'tile',
    secondsLeft,
  });

  test('plain lines come seldom, and the first and the last always', () => {
    const lines: string[] = [];
    let now = 0;
    const view = new LinesView({ write: (text) => lines.push(text) }, () => now);
    for (let done = 0; done <= 40; done++) {
      view.show('photo.jpg upscaling', done, 40, (40 - done) * 0.7);
      now += 700;
    }
    expect(lines[0]).toBe('photo.jpg upscaling: 0 of 40, 28 s left\n');
    expect(lines.at(-1)).toBe('photo.jpg upscaling: 40 of 40\n');
    expect(lines.length).toBeGreaterThan(4);
    expect(lines.length).toBeLessThan(8);
  });

  test('a bar with the time left on a terminal, gone at the end', () => {
    let screen = '';
    const terminal = Object.assign(new PassThrough(), {
      isTTY: true,
      columns: 100,
      rows: 20,
      cursorTo() {},
      clearLine() {},
    });
    terminal.on('data', (data: Buffer) => (screen += data.toString()));
    const out: string[] = [];
    const reporter = new TextReporter({ write: (text) => out.push(text) }, terminal, new BarView(terminal));
    reporter.begin(2);
    reporter.fileBegins(2, '/pictures/photo.jpg');
    reporter.event(progress(10, 75), '/pictures/photo.jpg');
    reporter.event({ type: 'notice', message: 'A tile was done twice.' }, '/pictures/photo.jpg');
    reporter.event({ type: 'notice', message: 'A tile was done twice.' }, '/pictures/photo.jpg');
    reporter.event(progress(20, 50), '/pictures/photo.jpg');
    reporter.event({ type: 'phase', phase: 'writing' }, '/pictures/photo.jpg');
    reporter.end({ succeeded: 2, failed: 0, skipped: 0, seconds: 100 });
    expect(screen).toContain('[2/2] photo.jpg upscaling');
    expect(screen).toContain('25 % (10/40, 1:15 min left)');
    expect(screen.match(/A tile was done twice/g)).toHaveLength(1);
    expect(screen).toContain('[2/2] photo.jpg writing the result…\r\x1b[2K');
    expect(screen).toContain('2 upscaled in 1:40 min.');
    expect(out).toEqual([]);
  });
});

test.each([
  ['There is no file "folder/photo.jpg".', 'There is no file "folder/photo.jpg". Look again.\n'],
  ['The disk is full.', 'photo.jpg: The disk is full. Look again.\n'],
])('a failure names its picture once: %s', (message, line) => {
  const lines: string[] = [];
  const err = { write: (text: string) => lines.push(text) };
  const reporter = new TextReporter(err, err, new LinesView(err));
  reporter.fileFailed('folder/photo.jpg', { code: 'storage', message, advice: 'Look again.' });
  expect(lines).toEqual([line]);
});
