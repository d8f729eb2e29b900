import { LWayError, sourceOf } from '../../engine';
import { adapt, type AdaptationResult, networkPicture } from '../../engine/for-evaluate';
import { cpuRuntime } from '../../engine/node';
import type { AdaptedVariant } from './controls';
import type { TestPicture } from './picture-set';
import { readPixels } from './pixels';
import { parseAblation } from './ablation';
import { networkVariant, type Task, type Variant } from './variants';

/** Which pictures of a set are one series: all, or those whose names begin with the same letters (`Canon_006`). */
export type SeriesBy = 'set' | 'name';

/**
 * One network adapted to all pictures of a series at once; each picture bears its share of the time.
 *
 * @param text `set` or `name`, and changes of the recipe after a comma as in {@link parseAblation}
 * @throws LWayError `bad-option`
 */
export function series(adapted: AdaptedVariant, text: string): Variant {
  const [by, ...changes] = text.split(',') as [SeriesBy, ...string[]];
  if (by !== 'set' && by !== 'name') {
    throw new LWayError('bad-option', `"${text}" is not a valid value for --series.`, 'Use set or name.');
  }
  const { engine, network, device } = adapted;
  const ablation = changes.length > 0 ? parseAblation(changes.join(',')) : {};
  const options = { ...adapted.options, ablation: { ...adapted.options.ablation, ...ablation } };
  const learned = new Map<string, Promise<AdaptationResult>>();

  const learn = async (signal: AbortSignal, members: readonly TestPicture[]): Promise<AdaptationResult> => {
    const pictures = [];
    for (const { picture } of members) pictures.push(networkPicture(sourceOf(await readPixels(picture))));
    const runtime = cpuRuntime();
    try {
      const [picture, ...others] = pictures;
      return await adapt(signal, runtime, { picture: picture!, series: others, network, options });
    } finally {
      await runtime.dispose();
    }
  };

  return {
    name: [`${adapted.name}, one for ${by === 'set' ? 'the set' : 'each series'}`, ...changes].join(','),
    against: adapted.name,
    async run(signal, task) {
      const members = seriesOf(task, by);
      const key = members.map(({ picture }) => picture).join('\n');
      if (!learned.has(key)) learned.set(key, learn(signal, members));
      const { weights, seconds, message, used } = await learned.get(key)!;
      const { strength } = options;
      const { run } = networkVariant({
        name: '',
        against: null,
        engine,
        network,
        device,
        learned: { weights, strength },
      });
      const outcome = await run(signal, task);
      const note = used ? `${members.length} pictures. ${message}` : message;
      return { ...outcome, seconds: outcome.seconds + seconds / members.length, note };
    },
  };
}

/** The pictures of the series that this one belongs to, itself among them, in the set's order. */
export function seriesOf(
  { set, testPicture }: Pick<Task, 'set' | 'testPicture'>,
  by: SeriesBy,
): readonly TestPicture[] {
  if (by === 'set') return set;
  const letters = (name: string) => /^\p{L}*/u.exec(name)![0].toLowerCase();
  return set.filter(({ name }) => letters(name) === letters(testPicture.name));
}
