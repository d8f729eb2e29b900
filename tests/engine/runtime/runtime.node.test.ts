import { swiftShaderFolder } from '../../support/ort-device';
import { tinyNetwork } from '../upscaling/tiny-networks';
import type * as RuntimeNode from '../../../src/engine/runtime/runtime.node';

/** The module anew: it keeps what it found out about the GPU. */
function load(): typeof RuntimeNode {
  let module: typeof RuntimeNode | undefined;
  jest.isolateModules(() => {
    module = require('../../../src/engine/runtime/runtime.node') as typeof RuntimeNode;
  });
  return module!;
}

const environment = { ...process.env };
afterEach(() => {
  process.env = { ...environment };
});

describe('devices in Node', () => {
  test('the CPU is there, says its threads and runs a network', async () => {
    const { runtime, notices } = await load().nodeRuntimes({ threads: 1 }).open('cpu');
    expect(runtime).toMatchObject({ device: 'cpu', deviceName: 'CPU, 1 thread' });
    expect(notices).toEqual([]);
    expect(load().cpuRuntime(2).deviceName).toBe('CPU, 2 threads');
    const session = await runtime.createSession(tinyNetwork());
    const data = new Float32Array(3 * 4 * 5).fill(0.5);
    const { enlarged } = await session.run({ image: new runtime.ort.Tensor('float32', data, [1, 3, 4, 5]) });
    expect(enlarged!.dims).toEqual([1, 3, 8, 10]);
    await runtime.dispose();
    await expect(runtime.createSession(tinyNetwork())).rejects.toThrow(/disposed/);
  });

  test('a file that is no network is refused with its reason', async () => {
    const { runtime } = await load().nodeRuntimes().open('cpu');
    const created = runtime.createSession(new TextEncoder().encode('hello'));
    await expect(created).rejects.toMatchObject({ code: 'bad-model', message: expect.stringMatching(/protobuf/i) });
    await runtime.dispose();
  });

  test('WASM is none of them', async () => {
    await expect(load().nodeRuntimes().open('wasm')).rejects.toMatchObject({ code: 'no-device' });
  });

  test('without a graphics driver the fall-back is said, and asking for the GPU is an error', async () => {
    process.env['VK_ICD_FILENAMES'] = process.env['VK_DRIVER_FILES'] = '/nowhere/at/all.json';
    const runtimes = load().nodeRuntimes();
    const { runtime, notices } = await runtimes.open('auto');
    // Where Direct3D or Metal have a GPU no Vulkan setting takes it away.
    if (process.platform !== 'linux') return;
    expect(runtime.device).toBe('cpu');
    expect(notices).toEqual([expect.stringMatching(/No GPU can be used here, so LWay computes on the CPU: \w/)]);
    await expect(runtimes.open('webgpu')).rejects.toMatchObject({
      code: 'no-device',
      advice: expect.stringMatching(/cpu/),
    });
    await runtime.dispose();
  });

  const swiftShader = swiftShaderFolder();
  (swiftShader === undefined ? test.skip : test)(
    'a GPU in software is called that, and not taken unless asked for',
    async () => {
      process.env['VK_ICD_FILENAMES'] = `${swiftShader}/vk_swiftshader_icd.json`;
      process.env['LD_LIBRARY_PATH'] = swiftShader;
      const runtimes = load().nodeRuntimes();
      const auto = await runtimes.open('auto');
      expect(auto.runtime.device).toBe('cpu');
      expect(auto.notices).toEqual([expect.stringMatching(/SwiftShader \(software\)/)]);
      const asked = await runtimes.open('webgpu');
      expect(asked.runtime).toMatchObject({ device: 'webgpu', deviceName: 'SwiftShader (software)' });
    },
    40_000,
  );
});
