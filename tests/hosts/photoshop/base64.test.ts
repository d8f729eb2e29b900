import fc from 'fast-check';
import { decodeBase64, decodePortably, encodeBase64, encodePortably } from '../../../src/hosts/photoshop/bridge/base64';

describe('base64', () => {
  const conversions = [
    ['portable', encodePortably, decodePortably],
    ['as used', encodeBase64, decodeBase64],
  ] as const;
  test.each(conversions)('%s: equals the standard for any bytes, there and back', (_name, encode, decode) => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
        const text = encode(bytes);
        expect(text).toBe(Buffer.from(bytes).toString('base64'));
        expect([...decode(text)]).toEqual([...bytes]);
      }),
    );
  });

  test.each(conversions)(
    '%s: a part of a larger buffer, longer than one list of arguments',
    (_name, encode, decode) => {
      const all = new Uint8Array(100_001).map((_, i) => (i * 7919) >> 3);
      const part = all.subarray(1, 99_000);
      expect(encode(part)).toBe(Buffer.from(part).toString('base64'));
      expect(Buffer.from(decode(encode(part))).equals(Buffer.from(part))).toBe(true);
    },
  );

  test.each(['abc', 'ab!d', 'äbcd', '===='])('what is not base64 is refused: %s', (text) => {
    expect(() => decodePortably(text)).toThrow();
  });
});
