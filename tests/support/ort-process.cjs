// One ONNX Runtime in a process of its own, driven by ort-device.ts over IPC: `node ort-process.cjs wasm|webgpu`.
const device = process.argv[2];
const ort = require(device === 'wasm' ? 'onnxruntime-web' : 'onnxruntime-node');
if (device === 'wasm') ort.env.wasm.numThreads = 1;

process.on('message', async ({ model, feeds }) => {
  try {
    const session = await ort.InferenceSession.create(model, { executionProviders: [device], logSeverityLevel: 4 });
    const tensors = {};
    for (const [name, { type, dims, data }] of Object.entries(feeds)) tensors[name] = new ort.Tensor(type, data, dims);
    const results = await session.run(tensors);
    const outputs = {};
    for (const [name, { type, dims, data }] of Object.entries(results)) {
      // A copy: IPC would send all of the heap that a view lies in.
      outputs[name] = { type, dims: [...dims], data: data.slice() };
    }
    await session.release();
    process.send({ outputs });
  } catch (error) {
    process.send({ error: String(error.message ?? error) });
  }
});
process.on('disconnect', () => process.exit(0));
process.send({ ready: true });
