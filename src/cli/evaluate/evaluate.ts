import { crop, type Raster } from '../../engine';
import { cropToShow, inputCrop, type SheetRow } from './contact-sheet';
import { measure, type Judges, type Scores } from './measure';
import type { PictureSet, TestPicture } from './picture-set';
import { readPixels } from './pixels';
import type { Row } from './summary';
import type { Variant } from './variants';

export interface SetResult {
  set: PictureSet;
  rows: Row[];
  sheet: SheetRow[];
}

/** Rows on a contact sheet: more would not be looked at. */
const mostSheetRows = 12;

/**
 * Runs every variant over every picture of a set and measures the results.
 *
 * @param scale by which pictures without ground truth are enlarged
 * @param onRow called after each result, with the place of its picture among those measured, from 1
 */
export async function evaluateSet(
  signal: AbortSignal,
  set: PictureSet,
  variants: readonly Variant[],
  judges: Judges,
  scale: number,
  onRow: (row: Row, position: number) => void,
): Promise<SetResult> {
  const rows: Row[] = [];
  const sheet: SheetRow[] = [];
  for (const [i, testPicture] of set.testPictures.entries()) {
    const { picture, truth } = await readTestPicture(testPicture);
    const other = set.testPictures[(i + Math.max(1, set.testPictures.length >> 1)) % set.testPictures.length]!;
    const [width, height] = truth ? [truth.width, truth.height] : [picture.width * scale, picture.height * scale];
    const task = {
      picture,
      truth,
      width,
      height,
      testPicture,
      set: set.testPictures,
      other: await readPixels(other.picture),
      done: new Map<string, Raster>(),
    };
    const rect = cropToShow(picture, width, height);
    const cells = [
      {
        title: `${testPicture.number} ${testPicture.name}`,
        detail: 'input',
        pixels: inputCrop(picture, width, height, rect),
      },
    ];
    for (const variant of variants) {
      signal.throwIfAborted();
      const { result, seconds, note } = await variant.run(signal, task);
      task.done.set(variant.name, result);
      const scores = await measure(result, picture, truth, judges);
      const { name, against } = variant;
      const row = {
        set: set.name,
        number: testPicture.number,
        picture: testPicture.name,
        variant: name,
        against,
        seconds,
        note,
        scores,
      };
      rows.push(row);
      onRow(row, i + 1);
      cells.push({ title: name, detail: inWords(scores), pixels: crop(result, rect) });
    }
    if (truth) cells.push({ title: 'ground truth', detail: '', pixels: crop(truth, rect) });
    if (sheet.length < mostSheetRows) sheet.push({ cells });
  }
  return { set, rows, sheet };
}

async function readTestPicture({ picture, truth }: TestPicture): Promise<{ picture: Raster; truth?: Raster }> {
  return { picture: await readPixels(picture), truth: truth === undefined ? undefined : await readPixels(truth) };
}

function inWords({ psnr, lpips, niqe, consistency }: Scores): string {
  const parts = [
    psnr === undefined ? null : `${psnr.toFixed(2)} dB`,
    lpips === undefined ? null : `LPIPS ${lpips.toFixed(3)}`,
    psnr === undefined && niqe !== undefined ? `NIQE ${niqe.toFixed(2)}` : null,
    psnr === undefined ? `consistency ${consistency.toFixed(1)} dB` : null,
  ];
  return parts.filter((part) => part !== null).join(' · ');
}
