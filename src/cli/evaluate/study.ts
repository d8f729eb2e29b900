import { recipes, type Recipe } from '../../engine/adaptation';
import { LWayError } from '../../engine/errors';

/**
 * Changes of a recipe, written as `steps=24,learningRate=5e-5,cycle=reconstructor,map=false`.
 *
 * @throws LWayError `bad-option` for a name that no recipe has, or a value of another kind than the recipe's
 */
export function parseStudy(text: string): Partial<Recipe> {
  const changes: Record<string, unknown> = {};
  for (const part of text.split(',')) {
    const [name = '', value = ''] = part.split('=').map((each) => each.trim());
    const usual = (recipes.standard as unknown as Record<string, unknown>)[name];
    const changed = valueLike(usual, value);
    if (changed === undefined) {
      throw new LWayError(
        'bad-option',
        `"${part}" is no change of a recipe.`,
        `Use name=value with one of ${Object.keys(recipes.standard).join(', ')}.`,
      );
    }
    changes[name] = changed;
  }
  return changes;
}

/** `text` as a value of the kind of `usual`; undefined where it is none. */
function valueLike(usual: unknown, text: string): unknown {
  if (text === '') return undefined;
  if (typeof usual === 'number') return Number.isFinite(Number(text)) ? Number(text) : undefined;
  if (typeof usual === 'boolean') return { true: true, false: false }[text];
  return typeof usual === 'string' ? text : undefined;
}
