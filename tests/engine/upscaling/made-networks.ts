import { create, toBinary } from '@bufbuild/protobuf';
import { ModelProtoSchema } from 'onnx-buf';
import type { Device, Ort, Runtime, SessionOptions } from '../../../src/engine/runtime/runtime';
import { info } from '../graph/support/onnx-file';

// Networks whose files say what is wanted, and whose answers are computed here: quick, and of any behaviour.

type Dim = number | string;
/** An input or answer; what a network does not say is float32. */
export interface Plain {
  readonly data: Float32Array;
  readonly dims: readonly number[];
}

export interface Made {
  /** What the file says of the input "x". */
  readonly shape?: readonly Dim[];
  readonly device?: Device;
  /** Answers by name, in this order. */
  readonly answer: (input: Plain) => Record<string, Plain>;
}

/** A file of that network, and a runtime with it alone; `runs`, `sessions` and what became of them is counted. */
export function madeNetwork(ort: Ort, { shape = [1, 3, 'h', 'w'], device = 'cpu', answer }: Made) {
  const counts = { runs: 0, sessions: [] as SessionOptions[], released: 0, disposed: 0 };
  const node = [{ opType: 'Identity', input: ['x'], output: ['y'] }];
  const graph = { name: 'made', input: [info('x', shape)], output: [info('y', shape)], node };
  const bytes = toBinary(ModelProtoSchema, create(ModelProtoSchema, { irVersion: 8n, graph }));
  const run = async (feeds: Record<string, Plain>) => {
    counts.runs++;
    return Object.fromEntries(
      Object.entries(answer(feeds['x']!)).map(([name, { data, dims }]) => {
        const tensor = new ort.Tensor('float32', data, dims);
        const dispose = () => void counts.disposed++;
        return [name, Object.assign(tensor, { dispose })];
      }),
    );
  };
  const createSession = async (_: Uint8Array, options: SessionOptions = {}) => {
    counts.sessions.push(options);
    return { run, release: async () => void counts.released++ };
  };
  const runtime = { ort, device, deviceName: 'made', createSession, dispose: async () => {} } as unknown as Runtime;
  return { bytes, runtime, counts };
}

/** Each pixel `scale` times in both directions, channels first. */
export function repeated(picture: Plain, scale: number): Plain {
  return taken(picture, scale, 0);
}

/** The picture without so many pixels at each side, channels first. */
export function trimmed(picture: Plain, border: number): Plain {
  return taken(picture, 1, border);
}

function taken(picture: Plain, scale: number, border: number): Plain {
  if (scale === 1 && border === 0) return picture;
  const [, channels, height, width] = picture.dims as [number, number, number, number];
  const [tall, wide] = [(height - 2 * border) * scale, (width - 2 * border) * scale];
  const data = new Float32Array(channels * tall * wide);
  for (let channel = 0, i = 0; channel < channels; channel++)
    for (let y = 0; y < tall; y++) {
      const row = (channel * height + border + Math.floor(y / scale)) * width + border;
      for (let x = 0; x < wide; x++) data[i++] = picture.data[row + Math.floor(x / scale)]!;
    }
  return { data, dims: [1, channels, tall, wide] };
}
