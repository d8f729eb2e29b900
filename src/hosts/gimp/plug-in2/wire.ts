// GIMP 2.10's wire protocol, the part that a plug-in without windows needs: big-endian messages over two pipes.
// Source: GIMP 2.10, libgimpbase/gimpwire.c and gimpprotocol.c.
import { readSync, writeSync } from 'node:fs';

/** `GIMP_PROTOCOL_VERSION` of 2.10.34 and later. */
export const wireVersion = 26;

const message = { quit: 0, config: 1, procRun: 5, procReturn: 6, procInstall: 9 };

/** `GimpPDBArgType` */
export const argType = {
  int32: 0,
  int16: 1,
  int8: 2,
  float: 3,
  string: 4,
  int32Array: 5,
  int16Array: 6,
  int8Array: 7,
  floatArray: 8,
  stringArray: 9,
  color: 10,
  item: 11,
  display: 12,
  image: 13,
  layer: 14,
  channel: 15,
  drawable: 16,
  selection: 17,
  colorArray: 18,
  vectors: 19,
  parasite: 20,
  status: 21,
} as const;

export type ArgType = keyof typeof argType;
export type Value = number | string | null | readonly number[] | readonly (string | null)[];
/** An argument of a procedure: arrays follow an argument with their length; of a parasite there is only its name. */
export type Arg = readonly [ArgType, Value];

/** `GimpPDBStatusType` */
export const status = { executionError: 0, callingError: 1, success: 3, cancel: 4 } as const;

const names = Object.keys(argType) as ArgType[];

/** What a procedure of GIMP's said instead of doing what was asked. */
export class ProcedureError extends Error {
  override readonly name = 'ProcedureError';
}

/** The other side has gone. */
export class WireClosed extends Error {
  override readonly name = 'WireClosed';
}

export interface Procedure {
  name: string;
  blurb: string;
  help: string;
  label: string;
  imageTypes: string;
  args: readonly { type: ArgType; name: string; description: string }[];
}

export interface Run {
  name: string;
  args: Value[];
}

/** The two pipes to GIMP; everything waits for its answer, as in GIMP's own plug-ins. */
export class Wire {
  /** @param input, output file descriptors */
  constructor(
    private readonly input: number,
    private readonly output: number,
  ) {}

  install({ name, blurb, help, label, imageTypes, args }: Procedure): void {
    const texts = [name, blurb, help, 'LWay', 'LWay', '2026', label, imageTypes].map(text);
    const plugIn = 1;
    const described = args.flatMap((each) => [u32(argType[each.type]), text(each.name), text(each.description)]);
    this.send(u32(message.procInstall), ...texts, u32(plugIn), u32(args.length), u32(0), ...described);
  }

  quit(): void {
    this.send(u32(message.quit));
  }

  /** Waits for GIMP to say what to run. @throws WireClosed where it says to go */
  nextRun(): Run {
    for (;;) {
      const type = this.u32();
      if (type === message.config) this.config();
      else if (type === message.procRun) return { name: this.text() ?? '', args: this.values() };
      else throw new WireClosed(`GIMP sent the message ${type}.`);
    }
  }

  /** Ends the run. @param error what to tell the person */
  finish(name: string, error: string | null): void {
    const args: Arg[] =
      error === null
        ? [['status', status.success]]
        : [
            ['status', status.executionError],
            ['string', error],
          ];
    this.send(
      u32(message.procReturn),
      text(name),
      u32(args.length),
      ...args.flatMap(([type, value]) => argument(type, value)),
    );
  }

  /**
   * Calls a procedure of GIMP's.
   * @returns its values
   * @throws ProcedureError with what GIMP says
   */
  call(name: string, ...args: readonly Arg[]): Value[] {
    this.send(
      u32(message.procRun),
      text(name),
      u32(args.length),
      ...args.flatMap(([type, value]) => argument(type, value)),
    );
    const type = this.u32();
    if (type !== message.procReturn) throw new WireClosed(`GIMP sent the message ${type}.`);
    this.text();
    const [result, ...values] = this.values();
    if (result !== status.success) throw new ProcedureError(`${typeof values[0] === 'string' ? values[0] : name}`);
    return values;
  }

  private config(): void {
    const version = this.u32();
    if (version !== wireVersion) {
      throw new ProcedureError(
        `This GIMP speaks the plug-in protocol ${version}; LWay knows ${wireVersion} (GIMP 2.10.34 and later).`,
      );
    }
    const [tileSize, sharedMemory, switches, colorsAndDisplay] = [8, 4, 10, 8];
    this.bytes(tileSize + sharedMemory + switches + colorsAndDisplay);
    for (let i = 0; i < 3; i++) this.text(); // names of the program, its window class and the display
    const monitorAndTime = 8;
    this.bytes(monitorAndTime);
    this.text(); // icon theme
    const tileCache = 8;
    this.bytes(tileCache);
    this.text(); // swap folder
    const processors = 4;
    this.bytes(processors);
    this.text(); // swap compression
  }

  private values(): Value[] {
    const count = this.u32();
    const values: Value[] = [];
    for (let i = 0; i < count; i++) values.push(this.value(names[this.u32()], Number(values[i - 1] ?? 0)));
    return values;
  }

  /** @param count how many there are of an array's: the value before it */
  private value(type: ArgType | undefined, count: number): Value {
    const many = <T>(read: () => T) => Array.from({ length: count }, read);
    switch (type) {
      case 'int16':
        return this.bytes(2).readInt16BE(0);
      case 'int8':
        return this.bytes(1).readUInt8(0);
      case 'float':
        return this.bytes(8).readDoubleBE(0);
      case 'string':
        return this.text();
      case 'int32Array':
        return many(() => this.i32());
      case 'int16Array':
        return many(() => this.bytes(2).readInt16BE(0));
      case 'int8Array':
        return [...this.bytes(count)];
      case 'floatArray':
        return many(() => this.bytes(8).readDoubleBE(0));
      case 'stringArray':
        return many(() => this.text());
      case 'color':
        return [0, 1, 2, 3].map(() => this.bytes(8).readDoubleBE(0));
      case 'colorArray':
      case 'parasite':
      case undefined:
        throw new WireClosed('GIMP sent a value that LWay does not read.');
      default:
        return this.i32();
    }
  }

  private u32(): number {
    return this.bytes(4).readUInt32BE(0);
  }

  private i32(): number {
    return this.bytes(4).readInt32BE(0);
  }

  private text(): string | null {
    const length = this.u32();
    return length === 0 ? null : this.bytes(length).toString('utf8', 0, length - 1);
  }

  private bytes(length: number): Buffer {
    const result = Buffer.alloc(length);
    for (let at = 0; at < length;) {
      const read = patiently(() => readSync(this.input, result, at, length - at, null));
      if (read === 0) throw new WireClosed('GIMP has gone.');
      at += read;
    }
    return result;
  }

  private send(...parts: readonly Buffer[]): void {
    const whole = Buffer.concat(parts);
    for (let at = 0; at < whole.length;) at += patiently(() => writeSync(this.output, whole, at));
  }
}

/** A pipe of the parent's may be one that does not wait. */
function patiently(work: () => number): number {
  for (;;) {
    try {
      return work();
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'EPIPE' || code === 'EOF') throw new WireClosed('GIMP has gone.');
      if (code !== 'EAGAIN') throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
    }
  }
}

function u32(value: number): Buffer {
  const result = Buffer.alloc(4);
  result.writeUInt32BE(value >>> 0);
  return result;
}

function float(value: number): Buffer {
  const result = Buffer.alloc(8);
  result.writeDoubleBE(value);
  return result;
}

function text(value: string | null): Buffer {
  if (value === null) return u32(0);
  const bytes = Buffer.from(`${value}\0`, 'utf8');
  return Buffer.concat([u32(bytes.length), bytes]);
}

function argument(type: ArgType, value: Value): Buffer[] {
  const head = u32(argType[type]);
  if (type === 'string') return [head, text(value as string | null)];
  if (type === 'parasite') {
    const [temporary, size] = [0, 0];
    return [head, text(value as string), u32(temporary), u32(size)];
  }
  if (type === 'float') return [head, float(value as number)];
  if (type === 'color' || type === 'floatArray') return [head, ...(value as number[]).map(float)];
  if (type === 'int8Array') return [head, Buffer.from(value as number[])];
  if (type === 'int32Array') return [head, ...(value as number[]).map(u32)];
  return [head, u32(value as number)];
}
