/** Values as Script-Fu prints them: numbers, texts, lists and vectors; symbols and booleans as their text. */
export type SchemeValue = number | string | SchemeValue[];

/** A Scheme string literal. */
export function quote(text: string): string {
  return `"${text.replace(/[\\"]/g, '\\$&').replace(/\n/g, '\\n').replace(/\r/g, '\\r').replace(/\t/g, '\\t')}"`;
}

const token = /\s*(#?\(|\)|"(?:[^"\\]|\\[^])*"|[^\s()"]+)/y;

const escapes: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t' };

/**
 * Reads one value as TinyScheme's `write` prints it.
 * @throws SyntaxError where the text holds none
 */
export function readScheme(text: string): SchemeValue {
  token.lastIndex = 0;
  const next = (): string => {
    const found = token.exec(text)?.[1];
    if (found === undefined) throw new SyntaxError(`Not a Scheme value: ${text.slice(0, 80)}`);
    return found;
  };
  const value = (first: string): SchemeValue => {
    if (first === '(' || first === '#(') {
      const list: SchemeValue[] = [];
      for (let each = next(); each !== ')'; each = next()) list.push(value(each));
      return list;
    }
    if (first === ')') throw new SyntaxError('A Scheme value ends before it begins.');
    if (first.startsWith('"')) {
      return first.slice(1, -1).replace(/\\([^])/g, (_all, char: string) => escapes[char] ?? char);
    }
    const number = Number(first);
    return Number.isNaN(number) ? first : number;
  };
  return value(next());
}
