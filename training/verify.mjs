// Compares exported networks with PyTorch through ONNX Runtime: node training/verify.mjs SAMPLES [MODELS]
// SAMPLES is the folder that `export_onnx.py --samples` wrote.
import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import * as ort from 'onnxruntime-node';

const [samples, models = 'models'] = process.argv.slice(2);
let failed = false;
for (const file of (await readdir(samples)).filter((f) => f.endsWith('.json')).sort()) {
  const record = JSON.parse(await readFile(join(samples, file), 'utf8'));
  const session = await ort.InferenceSession.create(join(models, record.model), { intraOpNumThreads: 1 });
  const feeds = Object.fromEntries(
    Object.entries(record.inputs).map(([name, t]) => [name, new ort.Tensor('float32', Float32Array.from(t.data), t.dims)]),
  );
  const results = await session.run(feeds);
  let worst = 0;
  for (const [name, want] of Object.entries(record.outputs)) {
    const got = results[name];
    if (got.dims.join() !== want.dims.join()) throw new Error(`${file}: ${name} is ${got.dims}, not ${want.dims}`);
    want.data.forEach((v, i) => (worst = Math.max(worst, Math.abs(v - got.data[i]))));
  }
  failed ||= !(worst < 1e-4);
  console.log(`${file.replace('.json', '')}: largest difference ${worst.toExponential(2)}`);
}
process.exit(failed ? 1 : 0);
