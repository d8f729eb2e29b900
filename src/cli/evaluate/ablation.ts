import { LWayError } from '../../engine';
import { type FullRecipe, method, recipes } from '../../engine/for-evaluate';

const usual: FullRecipe = { ...recipes.standard, ...method };

/** What a recipe's words may be. */
const words: { readonly [Name in keyof FullRecipe]?: readonly FullRecipe[Name][] } = {
  cycle: ['area', 'bicubic', 'reconstructor', 'none'],
  target: ['picture', 'clean'],
  trainable: ['all', 'biases-and-norms'],
  large: ['part', 'all'],
  choice: ['detail', 'uniform'],
};

/**
 * Changes of a recipe, written as `steps=24,learningRate=5e-5,cycle=reconstructor,map=false,trainable=last:4`.
 *
 * @throws LWayError `bad-option` for a name that no recipe has, or a value that it cannot have
 */
export function parseAblation(text: string): Partial<FullRecipe> {
  const changes: Record<string, unknown> = {};
  for (const part of text.split(',')) {
    const [name = '', value = ''] = part.split('=').map((each) => each.trim());
    const changed = Object.hasOwn(usual, name) ? valueOf(name as keyof FullRecipe, value) : undefined;
    if (changed === undefined) {
      throw new LWayError(
        'bad-option',
        `"${part}" does not change a recipe.`,
        `Use name=value with one of ${Object.keys(usual).join(', ')}.`,
      );
    }
    changes[name] = changed;
  }
  return changes;
}

/** `text` as a value of `name`; undefined where it is none. */
function valueOf(name: keyof FullRecipe, text: string): unknown {
  const last = name === 'trainable' ? /^last:([1-9]\d*)$/.exec(text) : null;
  if (last) return { last: Number(last[1]) };
  if (words[name]) return words[name].find((word) => word === text);
  if (typeof usual[name] === 'boolean') return { true: true, false: false }[text];
  return text !== '' && Number.isFinite(Number(text)) ? Number(text) : undefined;
}
