import { join } from 'node:path';
import sharp from 'sharp';
import { drawn, writePng } from '../cli/support/pictures';
import { canTrace, Watch, type Watched } from './support/watch';

// What docs/privacy.md promises of the command line, held against what the built program really does.
const program = join(__dirname, '..', '..', 'bin', 'lway.mjs');

/** ONNX Runtime's telemetry looks for its server after some ten seconds of work. */
const longEnough = 14;

const traced = canTrace ? test : test.skip;

let watch: Watch;

describe('a whole upscale that takes long', () => {
  let upscale: Watched;

  beforeAll(async () => {
    watch = new Watch();
    // As much work as this machine needs that long for.
    for (let height = 160, seconds = 0; seconds < longEnough; height *= 2) {
      if (height > 20_000) throw new Error('This machine is too quick for this test.');
      await writePng(join(watch.work, 'in.png'), drawn(240, height, 3));
      const options = ['--device', 'cpu', '--adapt', 'quick', '--scale', '4', '--force'];
      upscale = watch.run([program, 'upscale', 'in.png', '-o', 'out.png', ...options]);
      expect(upscale).toMatchObject({ status: 0 });
      seconds = upscale.seconds;
    }
    expect((await sharp(join(watch.work, 'out.png')).metadata()).width).toBe(960);
  }, 300_000);
  afterAll(() => watch.remove());

  test('leaves no file in the home folder nor among the temporary ones', () => {
    expect(upscale.left).toEqual([]);
  });

  traced('looks up no name and opens no connection (needs strace)', () => {
    expect(upscale.calls!.network).toEqual([]);
  });

  traced('writes nothing outside its working folder (needs strace)', () => {
    const outside = upscale.calls!.changed.filter((path) => !path.startsWith(watch.work) && path !== '/dev/null');
    expect(outside).toEqual([]);
    expect(upscale.calls!.changed).toContain(join(watch.work, 'out.png'));
  });

  traced('asks for nothing that tells this machine from another (needs strace)', () => {
    const telling = /machine-id|hostid|hostname|boot_id|product_uuid|\/sys\/class\/net|\/etc\/passwd|deviceid/;
    expect(upscale.calls!.read.filter((path) => telling.test(path))).toEqual([]);
  });
});

traced('the watch itself sees a name looked up and a file left behind (needs strace)', () => {
  const script = `
    require('fs').writeFileSync(require('os').tmpdir() + '/left', '');
    require('fs').mkdirSync(process.env.HOME + '/.cache');
    require('dns').lookup('lway.invalid', () => {});`;
  const other = new Watch();
  const { status, left, calls } = other.run(['-e', script]);
  other.remove();
  expect(status).toBe(0);
  expect(left).toEqual([join(other.folder, 'home', '.cache'), join(other.folder, 'tmp', 'left')]);
  expect(calls!.changed).toEqual(expect.arrayContaining(left));
  // Where no name server is configured the looking up ends before anything is sent.
  expect(calls!.network.join('\n') + calls!.read.join('\n')).toMatch(/AF_INET|resolv\.conf|nsswitch|\/etc\/hosts/);
});
