import { bytesOf, damaged, refuse, sizeOf, toFloat32, type FloatType, type Weight, type Weights } from './weights';

interface Entry {
  readonly dtype?: unknown;
  readonly shape?: unknown;
  readonly data_offsets?: unknown;
}

/** Longest header that the format allows. */
const LONGEST_HEADER = 100_000_000;

/** Whether the bytes begin like a .safetensors file: the length of a JSON header, then the header. */
export function isSafetensors(bytes: Uint8Array): boolean {
  const length = headerLength(bytes);
  return length >= 2 && length <= LONGEST_HEADER && 8 + length <= bytes.length && bytes[8] === 0x7b;
}

function headerLength(bytes: Uint8Array): number {
  if (bytes.length < 10) return 0;
  return Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true));
}

/**
 * Reads a .safetensors file (format by Hugging Face: 8-byte little-endian length, JSON header, raw data).
 *
 * @throws LWayError `bad-model`
 */
export function readSafetensors(bytes: Uint8Array): Weights {
  const length = headerLength(bytes);
  const start = 8 + length;
  let header: Record<string, Entry | null>;
  try {
    header = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes.subarray(8, start))) as typeof header;
  } catch (cause) {
    throw damaged('This .safetensors file', cause);
  }
  const weights = new Map<string, Weight>();
  for (const [name, entry] of Object.entries(header)) {
    if (name === '__metadata__') continue;
    const { dtype, shape, data_offsets: offsets } = entry ?? {};
    if (!isSizes(shape) || !isSizes(offsets) || offsets.length !== 2) throw damaged('This .safetensors file');
    const [from, to] = offsets as [number, number];
    if (from > to || start + to > bytes.length) throw damaged('This .safetensors file');
    if (typeof dtype !== 'string') throw damaged('This .safetensors file');
    if (!(dtype in bytesOf)) {
      if (/^(I|U|BOOL)/.test(dtype)) continue;
      throw refuse(
        `The weights "${name}" are of type ${dtype}, which cannot be used here.`,
        'Choose the version of this network in half or single precision.',
      );
    }
    const type = dtype as FloatType;
    if (to - from !== sizeOf(shape) * bytesOf[type]) throw damaged('This .safetensors file');
    weights.set(name, { dims: shape, data: toFloat32(bytes.subarray(start + from, start + to), type) });
  }
  return weights;
}

function isSizes(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((each) => Number.isSafeInteger(each) && (each as number) >= 0);
}
