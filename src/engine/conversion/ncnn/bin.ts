import { damaged, refuse, toFloat32 } from '../weights';

/** What stands before the weights of a convolution. */
const HALF = 0x01306b47;
const INT8 = 0x000d4b38;
const RAW = 0x0002c056;
/** Entries in the table of values that weights with another mark look up. */
const TABLE = 256;

/** Reads an ncnn .bin file from its begin to its end, as the layers ask for it. */
export class Bin {
  private at = 0;
  private readonly view: DataView;

  constructor(private readonly bytes: Uint8Array) {
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** Plain float32 values: biases, slopes, scales. */
  plain(count: number): Float32Array {
    return toFloat32(this.raw(count * 4), 'F32');
  }

  /** Weights with a mark before them that says how they are written. */
  marked(count: number): Float32Array {
    const mark = this.view.getUint32(this.skip(4), true);
    switch (mark) {
      case 0:
      case RAW:
        return this.plain(count);
      case HALF: {
        const values = toFloat32(this.raw(count * 2), 'F16');
        this.align();
        return values;
      }
      case INT8:
        throw refuse('This ncnn network is quantised to integers.', 'Choose its version in half or single precision.');
      default: {
        const table = this.plain(TABLE);
        const values = Float32Array.from(this.raw(count), (index) => table[index]!);
        this.align();
        return values;
      }
    }
  }

  /** @throws LWayError `bad-model` where something is left: another network's weights */
  end(): void {
    if (this.bytes.length - this.at >= 4) {
      throw refuse('The .bin file does not belong to this .param file.', 'Choose the two files of the same name.');
    }
  }

  private align(): void {
    this.at = Math.ceil(this.at / 4) * 4;
  }

  private raw(length: number): Uint8Array {
    const from = this.skip(length);
    return this.bytes.subarray(from, from + length);
  }

  private skip(length: number): number {
    const from = this.at;
    if (from + length > this.bytes.length) throw damaged('The .bin file');
    this.at += length;
    return from;
  }
}
