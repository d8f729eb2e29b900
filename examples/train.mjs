// Trains an ONNX network in ONNX Runtime, which has no training of its own: `lway/graph` writes the training step as an
// ordinary graph. Here a network learns to make every picture brighter, to show that it does learn.
//
//   node examples/train.mjs models/lway-crisp-x2.onnx trained.onnx
import { readFile, writeFile } from 'node:fs/promises';
import { OrtRuntime, readGraph, trainingStep, TrainingRun, withWeights, writeGraph } from 'lway/graph';
import * as ort from 'onnxruntime-node';

const [from, to] = process.argv.slice(2);
if (!from || !to) throw new Error('node examples/train.mjs FROM.onnx TO.onnx');

const network = readGraph(await readFile(from));
const [input] = network.inputs;
const side = 24;
const scale = 2;

// Any loss that can be written down with the builder's operations.
const step = trainingStep({
  network,
  inputs: { [input.name]: [1, 3, side, side], target: [1, 3, scale * side, scale * side] },
  loss: (b, { output, inputs }) => ({ total: b.mean(b.abs(b.sub(output, inputs.target))) }),
  optimizer: { type: 'adam' },
});
console.log(`${step.report.trained.length} weights learn, ${step.report.frozen.length} cannot`);

// Any of ONNX Runtime's packages will do: onnxruntime-web in a page, on WebGPU too.
const runtime = new OrtRuntime(ort, { device: 'cpu', deviceName: 'CPU' });
const { signal } = new AbortController();
const run = await TrainingRun.create(signal, runtime, step);
const data = {
  [input.name]: new Float32Array(3 * side * side).fill(0.5),
  target: new Float32Array(3 * (scale * side) ** 2).fill(0.6),
};
const losses = [];
for (let i = 0; i < 10; i++) losses.push((await run.step(signal, data, 1e-4, true)).total);
console.log(`loss ${losses[0].toFixed(4)} → ${losses.at(-1).toFixed(4)}`);

await writeFile(to, writeGraph(withWeights(step, await run.weights(signal))));
await run.dispose();
await runtime.dispose();
