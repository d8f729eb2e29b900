import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { lowerings, readGraph, trainingStep, writeGraph } from '../../../../src/engine/graph';
import * as ort from '../../../../src/engine/runtime/onnxruntime.node';
import { OrtRuntime } from '../../../../src/engine/runtime/ort-runtime';
import type { Ort } from '../../../../src/engine/runtime/runtime';
import { goldenFolder, readGolden, type NetworkCase, type OpCase } from '../golden';
import { gradientGraph } from './op-gradients';

// Makes WebGPU sessions that may not fall back to the CPU, for the gradient of every golden op and the training step of
// every golden network, and prints as JSON which of them cannot be had: a node of theirs has no WebGPU kernel.

async function main(): Promise<void> {
  const runtime = new OrtRuntime(ort as unknown as Ort, { device: 'webgpu', deviceName: 'webgpu' });
  const fallingBack: string[] = [];
  let sessions = 0;
  const tryOut = async (name: string, model: Uint8Array): Promise<void> => {
    sessions++;
    try {
      await (await runtime.createSession(model, { noFallback: true })).release();
    } catch {
      fallingBack.push(name);
    }
  };
  for (const golden of readGolden<OpCase>('ops.json')) {
    const graph = gradientGraph(golden, { forward: false, lowering: lowerings.webgpu });
    // Where nothing flows back the gradient is no part of the graph.
    if (graph.outputs.length > 1) await tryOut(`${golden.op}: ${golden.name}`, writeGraph(graph));
  }
  for (const { name, exports, input, target } of readGolden<NetworkCase>('networks.json')) {
    for (const [variant, { file }] of Object.entries(exports)) {
      const step = trainingStep({
        network: readGraph(readFileSync(join(goldenFolder, file))),
        inputs: { input: input.shape, target: target.shape },
        loss: (b, { output, inputs }) => ({ total: b.mean(b.abs(b.sub(output, inputs['target']!))) }),
        optimizer: { type: 'adam', clipNorm: 1 },
        device: 'webgpu',
      });
      await tryOut(`${name}, ${variant}`, writeGraph(step.graph));
      await tryOut(`${name}, ${variant}, evaluation`, writeGraph(step.evaluation));
    }
  }
  process.stdout.write(`${JSON.stringify({ sessions, fallingBack })}\n`);
  process.exit(0);
}

main().catch((error: unknown) => {
  process.stderr.write(`${(error as Error).stack}\n`);
  process.exit(1);
});
