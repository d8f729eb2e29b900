import { unzipSync } from 'fflate';
import { Global, Made, Persistent, readPickle } from './pickle';
import { bytesOf, damaged, refuse, sizeOf, toFloat32, type FloatType, type Weight, type Weights } from './weights';

/** Storage classes that hold floats; those of integers hold nothing that was learned. */
const FLOATS: Readonly<Record<string, FloatType>> = {
  'torch DoubleStorage': 'F64',
  'torch FloatStorage': 'F32',
  'torch HalfStorage': 'F16',
  'torch BFloat16Storage': 'BF16',
};
const INTEGERS: Readonly<Record<string, number>> = {
  'torch LongStorage': 8,
  'torch IntStorage': 4,
  'torch ShortStorage': 2,
  'torch CharStorage': 1,
  'torch ByteStorage': 1,
  'torch BoolStorage': 1,
};

/** First value of a file in the form from before PyTorch 1.6. */
const LEGACY_MAGIC = 0x1950a86a20f9469cfc6cn;

/** Values of all weights together that are taken: as much as the largest ONNX file. */
const MOST_BYTES = 1 << 30;

const isZip = (bytes: Uint8Array): boolean => bytes[0] === 0x50 && bytes[1] === 0x4b;

/** Whether the bytes begin like a PyTorch file: a ZIP archive, or a pickle of protocol 2 and later. */
export function isPytorch(bytes: Uint8Array): boolean {
  return isZip(bytes) || (bytes[0] === 0x80 && bytes[1]! >= 2 && bytes[1]! <= 5);
}

/**
 * Reads the weights in a file that PyTorch's `torch.save` wrote (.pth, .pt, .ckpt): both the ZIP form and the one from
 * before PyTorch 1.6. Nothing in the file is executed. The dictionary of weights is found where training programs put
 * it (`params_ema`, `params`, `state_dict` and the like).
 *
 * @throws LWayError `bad-model`
 */
export function readPytorch(bytes: Uint8Array): Weights {
  return isZip(bytes) ? readArchive(bytes) : readLegacy(bytes);
}

function readArchive(bytes: Uint8Array): Weights {
  let size = 0;
  let files: Record<string, Uint8Array>;
  try {
    files = unzipSync(bytes, {
      filter: ({ name, originalSize }) => {
        if (!/(^|\/)(data\.pkl|byteorder|constants\.pkl|data\/\d+)$/.test(name)) return false;
        size += originalSize;
        if (size > MOST_BYTES) throw refuse('These weights are larger than 1 GB.', 'Choose a smaller network.');
        return true;
      },
    });
  } catch (error) {
    if (error instanceof Error && error.name === 'LWayError') throw error;
    throw damaged('This file of weights', error);
  }
  const main = Object.keys(files).find((name) => /(^|\/)data\.pkl$/.test(name));
  if (main === undefined) {
    throw refuse('This is a ZIP archive, but not one of PyTorch weights.', 'Unpack it and choose the network in it.');
  }
  const folder = main.slice(0, -'data.pkl'.length);
  if (files[`${folder}constants.pkl`] !== undefined) {
    throw refuse(
      'This is a TorchScript program, not a file of weights.',
      'Get the network as .onnx, .safetensors or .pth, or export it from PyTorch with torch.onnx.export.',
    );
  }
  const order = files[`${folder}byteorder`];
  if (order !== undefined && new TextDecoder().decode(order).trim() === 'big') {
    throw refuse('These weights were written in big-endian order.', 'Get the network as .safetensors or .onnx.');
  }
  const { value } = readPickle(files[main]!);
  return weightsIn(value, (key) => files[`${folder}data/${key}`]);
}

/** Magic number, version, facts of the machine, the object, the keys of its storages; then their raw data in turn. */
function readLegacy(bytes: Uint8Array): Weights {
  const magic = readPickle(bytes);
  if (magic.value !== LEGACY_MAGIC) {
    throw refuse(
      'This is a Python pickle, but not one of PyTorch weights.',
      'Choose a .pth, .safetensors or .onnx file.',
    );
  }
  const version = readPickle(bytes, magic.end);
  const machine = readPickle(bytes, version.end);
  const object = readPickle(bytes, machine.end);
  const keys = readPickle(bytes, object.end);
  if (!Array.isArray(keys.value)) throw damaged('This file of weights');
  const widths = new Map<string, number>();
  visit(object.value, (made) => {
    const storage = storageOf(made.args[0]);
    if (storage) widths.set(storage.key, storage.width);
  });
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const storages = new Map<string, Uint8Array>();
  let at = keys.end;
  for (const key of keys.value as unknown[]) {
    const width = widths.get(String(key));
    if (width === undefined || at + 8 > bytes.length) throw damaged('This file of weights');
    const length = Number(view.getBigInt64(at, true)) * width;
    at += 8;
    if (!(length >= 0) || at + length > bytes.length) throw damaged('This file of weights');
    storages.set(String(key), bytes.subarray(at, at + length));
    at += length;
  }
  return weightsIn(object.value, (key) => storages.get(key));
}

interface Storage {
  readonly key: string;
  /** `null` for integers. */
  readonly type: FloatType | null;
  readonly width: number;
}

/** The storage that a persistent id names: ('storage', class, key, device, length, …). */
function storageOf(value: unknown): Storage | null {
  if (!(value instanceof Persistent) || !Array.isArray(value.id)) return null;
  const [kind, type, key, , , part] = value.id as unknown[];
  if (kind !== 'storage' || !(type instanceof Global)) return null;
  if (part !== undefined && part !== null) {
    throw refuse('These weights share memory in a way that cannot be read.', 'Save them again with a newer PyTorch.');
  }
  const float = FLOATS[type.name];
  const width = float === undefined ? INTEGERS[type.name] : bytesOf[float];
  if (width === undefined) {
    throw refuse(
      `These weights are kept as "${type.name}", which cannot be used here.`,
      'Choose the version of this network in half or single precision.',
    );
  }
  return { key: String(key), type: float ?? null, width };
}

/** Calls back for every call that the pickle would have made, inside dictionaries, lists and other calls. */
function visit(root: unknown, onMade: (made: Made) => void): void {
  const seen = new Set<unknown>();
  const pending: unknown[] = [root];
  while (pending.length > 0) {
    const value = pending.pop();
    if (typeof value !== 'object' || seen.has(value)) continue;
    seen.add(value);
    if (value instanceof Made) {
      onMade(value);
      pending.push(value.state, value.items, value.args);
    } else if (value instanceof Map) {
      for (const each of value.values()) pending.push(each);
    } else if (Array.isArray(value)) {
      for (const each of value as unknown[]) pending.push(each);
    }
  }
}

const REBUILD = /^torch\._utils _rebuild_(tensor(_v2)?|parameter(_with_state)?)$/;

function dictionaryOf(value: unknown): Map<unknown, unknown> | null {
  if (value instanceof Map) return value;
  const isOrdered =
    value instanceof Made && value.what instanceof Global && value.what.name === 'collections OrderedDict';
  return isOrdered ? value.items : null;
}

/** Where training programs put the weights, the best first: averaged ones are what is published. */
const WRAPPERS = [
  'params_ema',
  'params-ema',
  'params',
  'state_dict',
  'model_state_dict',
  'net_g',
  'generator',
  'model',
];

function weightsIn(root: unknown, dataOf: (key: string) => Uint8Array | undefined): Weights {
  let dictionary = dictionaryOf(root);
  for (let depth = 0; dictionary !== null && depth < 4; depth++) {
    const outer: Map<unknown, unknown> = dictionary;
    const inner = WRAPPERS.map((name) => dictionaryOf(outer.get(name))).find((each) => each !== null);
    if (inner === undefined) break;
    dictionary = inner ?? null;
  }
  if (dictionary === null) {
    throw refuse(
      'This PyTorch file holds a whole Python object, not a dictionary of weights.',
      'Get the network as .onnx or .safetensors, or save its state_dict() again.',
    );
  }
  const weights = new Map<string, Weight>();
  let size = 0;
  for (const [name, value] of dictionary) {
    if (typeof name !== 'string') continue;
    const weight = tensorOf(value, dataOf);
    if (weight === null) continue;
    size += weight.data.byteLength;
    if (size > MOST_BYTES) throw refuse('These weights are larger than 1 GB.', 'Choose a smaller network.');
    weights.set(name, weight);
  }
  return weights;
}

/** A float tensor; `null` for anything else. */
function tensorOf(value: unknown, dataOf: (key: string) => Uint8Array | undefined): Weight | null {
  if (!(value instanceof Made) || !(value.what instanceof Global) || !REBUILD.test(value.what.name)) return null;
  if (value.what.name.includes('parameter')) return tensorOf(value.args[0], dataOf);
  const [source, offset, shape, steps] = value.args;
  const storage = storageOf(source);
  if (storage === null) throw damaged('This file of weights');
  if (storage.type === null) return null;
  if (!isSizes(shape) || !isSizes(steps) || shape.length !== steps.length || !isSize(offset)) {
    throw damaged('This file of weights');
  }
  const bytes = dataOf(storage.key);
  const width = storage.width;
  const count = sizeOf(shape);
  const last = count === 0 ? 0 : shape.reduce((sum, dim, i) => sum + (dim - 1) * steps[i]!, offset) + 1;
  if (bytes === undefined || last * width > bytes.length || count * 4 > MOST_BYTES)
    throw damaged('This file of weights');
  const all = toFloat32(bytes.subarray(offset * width, last * width), storage.type);
  return { dims: shape, data: gathered(all, shape, steps) };
}

/** Elements of a strided view in row-major order. */
function gathered(all: Float32Array, shape: readonly number[], steps: readonly number[]): Float32Array {
  const result = new Float32Array(sizeOf(shape));
  const index = shape.map(() => 0);
  let from = 0;
  for (let to = 0; to < result.length; to++) {
    result[to] = all[from]!;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      from += steps[axis]!;
      if (++index[axis]! < shape[axis]!) break;
      from -= steps[axis]! * shape[axis]!;
      index[axis] = 0;
    }
  }
  return result;
}

const isSize = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;
const isSizes = (value: unknown): value is number[] => Array.isArray(value) && value.every(isSize);
