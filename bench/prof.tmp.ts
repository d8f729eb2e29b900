import { trainingStep, packWeights, writeGraph, scheduleOf, type Lowering } from '../src/engine/graph';
import { srvgg } from '../tests/engine/graph/support/networks';
import { Random } from '../tests/engine/graph/support/random';
import * as ort from 'onnxruntime-node';
async function main() {
  const variants: [string, Partial<Lowering>, object][] = [
    ['default', {}, {}],
    ['default no arena', {}, { enableCpuMemArena: false }],
    ['convT', { inputGradient: 'conv-transpose' }, {}],
    ['chunks 2', { chunks: 2 }, {}],
    ['chunks 4', { chunks: 4 }, {}],
    ['conv filter', { filterGradient: 'conv' }, {}],
  ];
  const which = process.argv[2] ? process.argv[2].split(',').map(Number) : variants.map((_, i) => i);
  const sessions: any[] = [];
  for (const i of which) {
    const [name, lowering, so] = variants[i]!;
    const t0 = performance.now();
    const step = trainingStep({ network: srvgg({ features: 64, convs: 16, scale: 4 }), inputs: { x: [1, 3, 64, 64], target: [1, 3, 256, 256] },
      loss: (b, { output, inputs }) => ({ total: b.mean(b.abs(b.sub(output, inputs['target']!))) }), optimizer: { type: 'adam' }, lowering });
    const t1 = performance.now();
    const bytes = writeGraph(step.graph);
    const t2 = performance.now();
    const s = await ort.InferenceSession.create(bytes, { intraOpNumThreads: 1, logSeverityLevel: 3, ...so, ...(process.argv[3] ? { enableProfiling: true, profileFilePrefix: '/tmp/lway/prof' } : {}) });
    const t3 = performance.now();
    console.log(name, 'build', (t1 - t0) | 0, 'write', (t2 - t1) | 0, 'session', (t3 - t2) | 0, 'P', step.size, 'nodes', step.graph.nodes.length);
    const r = new Random(1);
    const T = (a: Float32Array, d: number[]) => new ort.Tensor('float32', a, d);
    const feeds: any = { x: T(r.array(3 * 4096, 0, 1), [1, 3, 64, 64]), target: T(r.array(3 * 65536, 0, 1), [1, 3, 256, 256]), weights: T(packWeights(step), [step.size]),
      'moment.first': T(new Float32Array(step.size), [step.size]), 'moment.second': T(new Float32Array(step.size), [step.size]), schedule: T(scheduleOf(step.optimizer, 1, 1e-4), [3]), health: T(Float32Array.of(1), [1]) };
    sessions.push({ name, s, feeds, times: [] as number[] });
  }
  for (let k = 0; k < 7; k++) for (const v of sessions) {
    const c0 = process.cpuUsage();
    const o = await v.s.run(v.feeds);
    const c = process.cpuUsage(c0); v.times.push((c.user + c.system) / 1000);
    v.feeds.weights = o['next.weights']; v.feeds['moment.first'] = o['next.moment.first']; v.feeds['moment.second'] = o['next.moment.second'];
  }
  for (const v of sessions) { v.times.sort((a: number, b: number) => a - b); console.log(v.name, 'min', v.times[0].toFixed(1), 'median', v.times[3].toFixed(1)); if (process.argv[3]) console.log(v.s.endProfiling()); }
  process.exit(0);
}
main();
