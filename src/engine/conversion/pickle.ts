import { damaged, refuse } from './weights';

/** A class or function that a pickle names. It is only a name here: nothing is looked up or called. */
export class Global {
  constructor(readonly name: string) {}
}

/** What calling a {@link Global} would have made. Nothing is called; who reads decides what it stands for. */
export class Made {
  /** Set by BUILD. */
  state: unknown;
  /** Items set on it, as on a dictionary. */
  readonly items = new Map<unknown, unknown>();
  constructor(
    readonly what: unknown,
    readonly args: readonly unknown[],
  ) {}
}

/** What lies outside the pickle, by the identification that it gives. */
export class Persistent {
  constructor(readonly id: unknown) {}
}

/** More than any list of weights needs. */
const MOST_VALUES = 10_000_000;

const MARK = Symbol('mark');

/**
 * Reads Python's pickle format (protocols 0 to 5, the opcodes that weights are written with) as data. A pickle is a
 * program: here it can only make numbers, texts, lists and dictionaries; whatever it would import or call stays a name.
 *
 * @returns the value, and where the bytes after it begin
 * @throws LWayError `bad-model`
 */
export function readPickle(bytes: Uint8Array, from = 0): { value: unknown; end: number } {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const text = new TextDecoder();
  const stack: unknown[] = [];
  const memo = new Map<number, unknown>();
  let at = from;
  let values = 0;

  const skip = (count: number): number => {
    const start = at;
    if (!(count >= 0) || start + count > bytes.length) throw damaged('This file of weights');
    at += count;
    return start;
  };
  const uint8 = () => view.getUint8(skip(1));
  const uint16 = () => view.getUint16(skip(2), true);
  const uint32 = () => view.getUint32(skip(4), true);
  const uint64 = () => Number(view.getBigUint64(skip(8), true));
  const raw = (length: number) => {
    const start = skip(length);
    return bytes.subarray(start, start + length);
  };
  const word = (length: number) => text.decode(raw(length));
  const line = () => {
    const end = bytes.indexOf(10, at);
    if (end < 0) throw damaged('This file of weights');
    const result = text.decode(bytes.subarray(at, end));
    at = end + 1;
    return result;
  };
  /** Little-endian two's complement of any length; what a double cannot hold exactly stays a bigint. */
  const long = (length: number): number | bigint => {
    let value = 0n;
    const digits = raw(length);
    for (let i = length - 1; i >= 0; i--) value = (value << 8n) | BigInt(digits[i]!);
    if (digits[length - 1]! >= 0x80) value -= 1n << BigInt(8 * length);
    const plain = Number(value);
    return Number.isSafeInteger(plain) ? plain : value;
  };
  const push = (value: unknown) => {
    if (++values > MOST_VALUES) throw refuse('This file holds too many values.', 'Choose another file.');
    stack.push(value);
  };
  const pop = (): unknown => {
    if (stack.length === 0) throw damaged('This file of weights');
    return stack.pop();
  };
  const toMark = (): unknown[] => {
    const mark = stack.lastIndexOf(MARK);
    if (mark < 0) throw damaged('This file of weights');
    const items = stack.splice(mark);
    return items.slice(1);
  };
  const top = (): unknown => stack[stack.length - 1];
  const setItems = (target: unknown, pairs: readonly unknown[]) => {
    const items = target instanceof Made ? target.items : target;
    if (!(items instanceof Map)) throw damaged('This file of weights');
    for (let i = 0; i + 1 < pairs.length; i += 2) items.set(pairs[i], pairs[i + 1]);
  };
  const append = (target: unknown, items: readonly unknown[]) => {
    if (Array.isArray(target)) for (const item of items) target.push(item);
    // Other classes that are lists: nothing here asks what is in them.
    else if (!(target instanceof Made || target instanceof Set)) throw damaged('This file of weights');
  };
  const recall = (key: number) => {
    if (!memo.has(key)) throw damaged('This file of weights');
    push(memo.get(key));
  };
  const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);

  for (;;) {
    const opcode = String.fromCharCode(uint8());
    switch (opcode) {
      case '\x80': // PROTO
        skip(1);
        break;
      case '\x95': // FRAME
        skip(8);
        break;
      case '.': // STOP
        return { value: pop(), end: at };
      case '(':
        push(MARK);
        break;
      case '0':
        pop();
        break;
      case '1': // POP_MARK
        toMark();
        break;
      case '2':
        push(top());
        break;
      case 'N':
        push(null);
        break;
      case '\x88':
        push(true);
        break;
      case '\x89':
        push(false);
        break;
      case 'J':
        push(view.getInt32(skip(4), true));
        break;
      case 'K':
        push(uint8());
        break;
      case 'M':
        push(uint16());
        break;
      case '\x8a':
        push(long(uint8()));
        break;
      case '\x8b':
        push(long(uint32()));
        break;
      case 'I': {
        const digits = line();
        push(digits === '01' ? true : digits === '00' ? false : Number(digits));
        break;
      }
      case 'L':
        push(Number(line().replace(/L$/, '')));
        break;
      case 'F':
        push(Number(line()));
        break;
      case 'G':
        push(view.getFloat64(skip(8), false));
        break;
      case 'S':
      case 'V':
        push(line().replace(/^(['"])(.*)\1$/s, '$2'));
        break;
      case 'X':
      case 'T':
        push(word(uint32()));
        break;
      case '\x8c':
      case 'U':
        push(word(uint8()));
        break;
      case '\x8d':
        push(word(uint64()));
        break;
      case 'B':
        push(raw(uint32()));
        break;
      case 'C':
        push(raw(uint8()));
        break;
      case '\x8e':
      case '\x96':
        push(raw(uint64()));
        break;
      case ')':
        push([]);
        break;
      case ']':
        push([]);
        break;
      case '}':
        push(new Map());
        break;
      case '\x8f':
        push(new Set());
        break;
      case 't':
      case 'l':
        push(toMark());
        break;
      case 'd': {
        const map = new Map();
        setItems(map, toMark());
        push(map);
        break;
      }
      case '\x85':
        push([pop()]);
        break;
      case '\x86': {
        const last = pop();
        push([pop(), last]);
        break;
      }
      case '\x87': {
        const [last, middle] = [pop(), pop()];
        push([pop(), middle, last]);
        break;
      }
      case 'a': {
        const item = pop();
        append(top(), [item]);
        break;
      }
      case 'e': {
        const items = toMark();
        append(top(), items);
        break;
      }
      case '\x90':
        toMark();
        break;
      case 's': {
        const value = pop();
        const key = pop();
        setItems(top(), [key, value]);
        break;
      }
      case 'u': {
        const items = toMark();
        setItems(top(), items);
        break;
      }
      case 'c': {
        const module = line();
        push(new Global(`${module} ${line()}`));
        break;
      }
      case '\x93': {
        const name = pop();
        push(new Global(`${String(pop())} ${String(name)}`));
        break;
      }
      case 'R': // REDUCE
      case '\x81': {
        // NEWOBJ
        const args = pop();
        push(new Made(pop(), listOf(args)));
        break;
      }
      case '\x92': {
        // NEWOBJ_EX
        pop();
        const args = pop();
        push(new Made(pop(), listOf(args)));
        break;
      }
      case 'i': {
        const module = line();
        push(new Made(new Global(`${module} ${line()}`), toMark()));
        break;
      }
      case 'o': {
        const [what, ...args] = toMark();
        push(new Made(what, args));
        break;
      }
      case 'b': {
        const state = pop();
        const target = top();
        if (target instanceof Made) target.state = state;
        break;
      }
      case 'Q':
        push(new Persistent(pop()));
        break;
      case 'P':
        push(new Persistent(line()));
        break;
      case 'q':
        memo.set(uint8(), top());
        break;
      case 'r':
        memo.set(uint32(), top());
        break;
      case 'p':
        memo.set(Number(line()), top());
        break;
      case '\x94':
        memo.set(memo.size, top());
        break;
      case 'h':
        recall(uint8());
        break;
      case 'j':
        recall(uint32());
        break;
      case 'g':
        recall(Number(line()));
        break;
      default:
        throw damaged('This file of weights');
    }
  }
}
