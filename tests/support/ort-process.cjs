// One ONNX Runtime in a process of its own, driven by ort-device.ts over IPC: `node ort-process.cjs wasm|webgpu`.
const device = process.argv[2];
// As src/engine/runtime/no-telemetry.node.ts, which plain JavaScript cannot load.
process.env.ORT_DISABLE_TELEMETRY = '1';
const ort = require(device === 'wasm' ? 'onnxruntime-web' : 'onnxruntime-node');
if (device === 'wasm') ort.env.wasm.numThreads = 1;

const sessions = new Map();
const work = {
  async create({ id, model, provider }) {
    const options = { executionProviders: [{ ...provider, name: device }], logSeverityLevel: 4 };
    sessions.set(id, await ort.InferenceSession.create(model, options));
  },
  async run({ id, feeds }) {
    const tensors = {};
    for (const [name, { type, dims, data }] of Object.entries(feeds)) tensors[name] = new ort.Tensor(type, data, dims);
    const results = await sessions.get(id).run(tensors);
    const outputs = {};
    for (const [name, { type, dims, data }] of Object.entries(results)) {
      // A copy: IPC would send all of the heap that a view lies in.
      outputs[name] = { type, dims: [...dims], data: data.slice() };
    }
    return outputs;
  },
  async release({ id }) {
    await sessions.get(id).release();
    sessions.delete(id);
  },
};

process.on('message', async (message) => {
  try {
    process.send({ outputs: (await work[message.do](message)) ?? {} });
  } catch (error) {
    process.send({ error: String(error.message ?? error) });
  }
});
process.on('disconnect', () => process.exit(0));
process.send({ outputs: {} });
