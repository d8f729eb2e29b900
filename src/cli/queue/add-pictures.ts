import type { Queue } from 'bullmq';
import { jobOptions, jobVersion, pictureId, type Job, type Picture, type PictureJob, type Work } from './job';

/** Jobs in one message to the queue. */
const atOnce = 200;

/** Puts pictures into the queue; those that are there already stay as they are. */
export async function addPictures(
  queue: Queue<Job>,
  work: Work,
  pictures: readonly Picture[],
  series?: PictureJob['series'],
): Promise<void> {
  for (let at = 0; at < pictures.length; at += atOnce) {
    await queue.addBulk(
      pictures.slice(at, at + atOnce).map((picture) => ({
        name: 'picture',
        data: { kind: 'picture', version: jobVersion, ...picture, work, series },
        opts: { ...jobOptions, jobId: pictureId(work, picture, series?.id) },
      })),
    );
  }
}
