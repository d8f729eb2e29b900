import { damaged, refuse } from '../weights';

/** One line of a .param file. */
export interface Layer {
  readonly type: string;
  readonly name: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly settings: Settings;
}

const MAGIC = '7767517';
/** From this number on a setting is a list: -23300 less its own number. */
const LISTS = -23300;
const bits = new DataView(new ArrayBuffer(4));

/** Smallest whole number that as bits is an ordinary float: below, a whole number is just that. */
const LEAST_BITS = 0x00800000;

/** A layer's settings by number. waifu2x's files write some floats as the whole numbers that have their bits. */
export class Settings {
  private readonly values = new Map<number, readonly string[]>();

  constructor(words: readonly string[]) {
    for (const word of words) {
      const at = word.indexOf('=');
      const [key, text] = [Number(word.slice(0, at)), word.slice(at + 1)];
      if (at < 1 || !Number.isInteger(key)) throw damaged('This .param file');
      if (key > LISTS) this.values.set(key, [text]);
      else this.values.set(LISTS - key, text.split(',').slice(1));
    }
  }

  int(key: number, otherwise: number): number {
    return this.ints(key)[0] ?? otherwise;
  }

  /** One that a layer cannot be without, 1 or more. @throws LWayError `bad-model` */
  count(key: number): number {
    const count = this.int(key, 0);
    if (!(count >= 1)) throw damaged('This .param file');
    return count;
  }

  float(key: number, otherwise: number): number {
    return this.floats(key)[0] ?? otherwise;
  }

  has(key: number): boolean {
    return this.values.has(key);
  }

  ints(key: number): readonly number[] {
    return (this.values.get(key) ?? []).map((text) => Math.trunc(Number(text)));
  }

  floats(key: number): readonly number[] {
    return (this.values.get(key) ?? []).map((text) => {
      if (/[.e]/i.test(text) || Math.abs(Number(text)) < LEAST_BITS) return Number(text);
      bits.setInt32(0, Number(text));
      return bits.getFloat32(0);
    });
  }
}

/** Whether the bytes begin like an ncnn .param file in its text form. */
export function isParam(bytes: Uint8Array): boolean {
  return new TextDecoder().decode(bytes.subarray(0, 16)).trim().split(/\s/, 1)[0] === MAGIC;
}

/**
 * Reads ncnn's text form of a network: a magic number, the numbers of layers and values, and a line for each layer.
 *
 * @throws LWayError `bad-model`
 */
export function readParam(bytes: Uint8Array): Layer[] {
  const lines = new TextDecoder()
    .decode(bytes)
    .split(/\r?\n/)
    .map((line) => line.trim());
  if (lines[0] !== MAGIC) throw refuse('This is not an ncnn .param file in text form.', 'Choose the .param file.');
  const count = Number(lines[1]?.split(/\s+/)[0]);
  const layers = lines
    .slice(2)
    .filter((line) => line !== '')
    .map(layerOf);
  if (layers.length !== count || count === 0) throw damaged('This .param file');
  return layers;
}

function layerOf(line: string): Layer {
  const [type, name, ins, outs, ...rest] = line.split(/\s+/);
  const [inputs, outputs] = [Number(ins), Number(outs)];
  if (!Number.isInteger(inputs) || !Number.isInteger(outputs)) throw damaged('This .param file');
  const words = rest.slice(inputs + outputs);
  return {
    type: type!,
    name: name!,
    inputs: rest.slice(0, inputs),
    outputs: rest.slice(inputs, inputs + outputs),
    settings: new Settings(words),
  };
}
