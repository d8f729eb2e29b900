import { readFile, stat } from 'node:fs/promises';
import { withFile } from './tiff/directory';

/** An animated AVIF is held in memory. */
const mostBytes = 2 ** 29;

/**
 * What sharp reads a picture from: its path, or for an animated AVIF its bytes under the name of a still one. libheif goes
 * by the major brand, though the still picture that such a file begins with is like any other (AVIF 1.1, 6.2 and 6.3).
 */
export async function sharpInput(path: string): Promise<string | Buffer> {
  const start = await withFile(path, (reader) => reader.read(4, 8));
  if (start.toString('latin1') !== 'ftypavis' || (await stat(path)).size > mostBytes) return path;
  const bytes = await readFile(path);
  bytes.write('avif', 8, 'latin1');
  return bytes;
}
