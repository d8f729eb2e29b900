import { joinBytes } from './bytes';
import { unzlibSync, zlibSync } from 'fflate';
import { tags } from './exif-tags';
import { textAt, type PngText } from './picture';
import type { Entry } from './tiff/entries';

export type { PngText };

/** One chunk of a PNG. */
export interface PngChunk {
  readonly type: string;
  readonly data: Uint8Array;
}

/** Text beyond this is no description. */
export const mostText = 1 << 24;

/** Bytes behind the keyword of a tEXt, zTXt or iTXt, unpacked; `null` for other chunks and damaged ones. */
function wordsOf({ type, data }: PngChunk): { keyword: string; bytes: Uint8Array; utf8: boolean } | null {
  const zero = data.indexOf(0);
  if (zero < 1) return null;
  const keyword = textAt(data, 0, zero);
  if (type === 'tEXt') return { keyword, bytes: data.subarray(zero + 1), utf8: false };
  const utf8 = type === 'iTXt';
  if (!utf8 && type !== 'zTXt') return null;
  let from = zero + 2;
  if (utf8) {
    // Language and translated keyword.
    const language = data.indexOf(0, zero + 3);
    from = data.indexOf(0, language + 1) + 1;
    if (language < 0 || from < 1) return null;
  }
  const bytes = data.subarray(from);
  if (utf8 && data[zero + 1] !== 1) return { keyword, bytes, utf8 };
  try {
    // No deflated data grows more than this.
    return {
      keyword,
      bytes: unzlibSync(bytes, { out: new Uint8Array(Math.min(mostText, bytes.length * 1032)) }),
      utf8,
    };
  } catch {
    return null;
  }
}

/** tEXt, zTXt and iTXt; `null` for other chunks and damaged ones. */
export function readText(chunk: PngChunk): PngText | null {
  const words = wordsOf(chunk);
  if (!words) return null;
  const { keyword, bytes, utf8 } = words;
  return { keyword, text: utf8 ? new TextDecoder().decode(bytes) : textAt(bytes, 0, bytes.length) };
}

/** The XMP packet in a text chunk, by the specification in iTXt; libvips packs it into zTXt, in UTF-8 all the same. */
export function xmpIn(chunk: PngChunk): string | null {
  const words = wordsOf(chunk);
  return words?.keyword === 'XML:com.adobe.xmp' ? new TextDecoder().decode(words.bytes) : null;
}

/** What of a PNG's texts comes along by itself: profiles have their own ways, thumbnails are of what was. */
export const isDescription = ({ keyword }: PngText): boolean =>
  !/^(XML:com\.adobe\.xmp|Raw profile type .*|Thumb::.*)$/i.test(keyword);

/** In the plainest kind of chunk that holds it. */
export function writeText({ keyword, text }: PngText): PngChunk {
  const latin = (value: string) => Uint8Array.from(value, (letter) => letter.charCodeAt(0));
  const key = latin(`${keyword}\0`);
  const long = text.length >= 1024;
  // Beyond ASCII readers differ about which letters are meant, but for the kind that is in UTF-8.
  if (/^[\n\x20-\x7e]*$/.test(text)) {
    if (!long) return { type: 'tEXt', data: joinBytes([key, latin(text)]) };
    return { type: 'zTXt', data: joinBytes([key, Uint8Array.of(0), zlibSync(latin(text))]) };
  }
  const bytes = new TextEncoder().encode(text);
  return { type: 'iTXt', data: joinBytes([key, Uint8Array.of(long ? 1 : 0, 0, 0, 0), long ? zlibSync(bytes) : bytes]) };
}

/** Bytes that ImageMagick's convention hides in text: a name, a length, hexadecimal digits. */
export function rawProfile(text: string): Uint8Array | null {
  const digits = /^\s*\w+\s+\d+\s+([0-9a-f\s]+)$/i.exec(text)?.[1]?.replace(/\s/g, '').match(/../g);
  return digits ? Uint8Array.from(digits, (two) => parseInt(two, 16)) : null;
}

/** The profile of a picture's IPTC, which has no other place in a PNG. */
export const isIptcProfile = ({ keyword }: PngText): boolean => /^Raw profile type (iptc|8bim)$/i.test(keyword);

export function writeRawProfile(kind: string, bytes: Uint8Array): PngText {
  const digits = Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
  const lines = digits.match(/.{1,72}/g) ?? [];
  const text = `\n${kind}\n${String(bytes.length).padStart(8)}\n${lines.join('\n')}\n`;
  return { keyword: `Raw profile type ${kind}`, text };
}

const entries: Readonly<Record<string, number>> = {
  author: tags.artist,
  artist: tags.artist,
  description: tags.imageDescription,
  title: tags.imageDescription,
  copyright: tags.copyright,
  software: tags.software,
};

/**
 * EXIF's entries for what PNG's usual keywords say. Generation parameters go where the programs that make them look.
 * @param said whether the picture's EXIF says something under a tag already
 * @returns also the keywords for which EXIF has no place
 */
export function textAsExif(
  texts: readonly PngText[],
  said: (tag: number) => boolean,
): { image: Entry[]; camera: Entry[]; left: string[] } {
  const image: Entry[] = [];
  const left: string[] = [];
  const comments = texts.filter(({ keyword }) => /^(parameters|comment)$/i.test(keyword));
  const comment = comments.find(({ keyword }) => keyword.toLowerCase() === 'parameters') ?? comments[0];
  const commented = comment && !said(tags.userComment);
  for (const one of texts) {
    const { keyword } = one;
    const tag = entries[keyword.toLowerCase()];
    if (tag !== undefined && !said(tag) && !image.some((entry) => entry.tag === tag))
      image.push(letters(tag, one.text));
    else if (!(commented && one === comment)) left.push(keyword);
  }
  return { image, camera: commented ? [userComment(comment.text)] : [], left };
}

/** UTF-8, as programs write it whatever the standard says. */
function letters(tag: number, text: string): Entry {
  const value = new TextEncoder().encode(`${text}\0`);
  return { tag, type: 2, count: value.length, value };
}

function userComment(text: string): Entry {
  const value = new Uint8Array(8 + 2 * text.length);
  value.set(new TextEncoder().encode('UNICODE'));
  const view = new DataView(value.buffer, 8);
  for (let i = 0; i < text.length; i++) view.setUint16(2 * i, text.charCodeAt(i), true);
  return { tag: tags.userComment, type: 7, count: value.length, value };
}
