/** Pixels from which on a picture that is held in memory as a whole is the only one. */
const largePixels = 16e6;

interface Waiting {
  readonly alone: boolean;
  readonly start: () => void;
}

let working = 0;
let aloneNow = false;
const waiting: Waiting[] = [];

function next(): void {
  for (;;) {
    const first = waiting[0];
    if (!first || aloneNow || (first.alone && working > 0)) return;
    waiting.shift();
    working++;
    aloneNow = first.alone;
    first.start();
  }
}

/**
 * A call of sharp that does lasting work. libvips keeps its warnings in one list for the whole process, and sharp gives them
 * to whichever call ends next: beside another one, a damaged picture could pass for a sound one, and the other way round.
 *
 * @param alone whether nothing else may run meanwhile: its warnings count, or it holds a large picture in memory
 */
export async function inLibvips<T>(alone: boolean, work: () => Promise<T>): Promise<T> {
  await new Promise<void>((start) => {
    waiting.push({ alone, start });
    next();
  });
  try {
    return await work();
  } finally {
    working--;
    aloneNow = false;
    next();
  }
}

/** Whether a picture that is held in memory as a whole has to be the only one. */
export function isLarge({ width, height }: { width: number; height: number }): boolean {
  return width * height > largePixels;
}
