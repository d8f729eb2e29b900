import { defaultSettings } from '../../src/actions/settings';
import type { NetworkEntry } from '../../src/engine/network/registry';
import { networkFor, styleOf, stylesOf, suited } from '../../src/panel/network-styles';
import { type TryChoice, tryChoices } from '../../src/panel/try-out';

const entry = (name: string, scale: number, ends?: NetworkEntry['ends']) =>
  ({ id: `${name}-x${scale}`, name: `${name} ×${scale}`, kind: 'sr', scale, ends }) as NetworkEntry;
const mixed = { crisp: { model: 'other' } };

const models = [
  { entry: entry('Crisp', 4), own: false },
  { entry: entry('Faithful', 4, mixed), own: false },
  { entry: entry('Crisp', 2), own: false },
  { entry: entry('Faithful', 2, mixed), own: false },
  { entry: entry('Photo', 4), own: false },
  { entry: { ...entry('Crisp', 2), id: 'mine' }, own: true },
];

test('networks of several scales are one style; a network of the person’s own is one by itself', () => {
  expect(stylesOf(models).map(({ id, name, choices }) => [id, name, choices.length])).toEqual([
    ['Crisp-x4', 'Crisp', 2],
    ['Faithful-x4', 'Faithful', 2],
    ['Photo-x4', 'Photo', 1],
    ['mine', 'Crisp', 1],
  ]);
});

test.each([
  [1.5, 'Crisp-x2'],
  [2, 'Crisp-x2'],
  [2.1, 'Crisp-x4'],
  [8, 'Crisp-x4'],
])('a factor of %d takes the network %s', (factor, id) => {
  expect(networkFor(stylesOf(models)[0]!, factor).entry.id).toBe(id);
});

test('the network follows the size, whichever of its style is named', () => {
  const settings = { ...defaultSettings, model: 'Faithful-x4' };
  const picture = { width: 100, height: 50 };
  expect(suited({ ...settings, size: { scale: 2 } }, models, picture).model).toBe('Faithful-x2');
  expect(suited({ ...settings, size: { width: 400, height: 120 } }, models, picture).model).toBe('Faithful-x4');
  expect(suited({ ...settings, size: { width: 190, height: 190 } }, models, picture).model).toBe('Faithful-x2');
  expect(suited({ ...settings, size: { scale: 2 }, detail: 30, noise: 10 }, models, picture)).toMatchObject({
    model: 'Faithful-x2',
    detail: 30,
  });
  // What means nothing to the network is left out, and what is gone is replaced.
  expect(suited({ ...settings, noise: 10 }, models, picture)).not.toHaveProperty('noise');
  expect(suited({ ...settings, model: 'mine', detail: 30 }, models, picture)).not.toHaveProperty('detail');
  expect(suited({ ...settings, model: 'gone', size: { scale: 2 } }, models, picture).model).toBe('Crisp-x2');
  expect(suited(settings, [], picture).model).toBe('default');
});

test('what is tried is the present setting, what its settings make of it, and the other styles', () => {
  const styles = stylesOf(models);
  const current = styleOf(stylesOf(models), 'Faithful-x2')!;
  const names = (settings: TryChoice['settings'], detail: boolean, noise: boolean, blur = false) =>
    tryChoices(styles, current, settings, { detail, noise, blur }).map(({ name }) => name);
  const model = 'Faithful-x2';
  expect(names({ model }, false, false)).toEqual(['Now: Faithful', 'Crisp', 'Photo', 'Crisp']);
  expect(names({ model }, true, true)).toEqual(['Now: Faithful', 'Detail: faithful', 'Detail: crisp', 'Crisp']);
  // What is set already is not tried twice.
  expect(names({ model, detail: 100 }, true, true)).toEqual([
    'Now: Faithful',
    'Detail: faithful',
    'Noise: clean',
    'Crisp',
  ]);
  // Sharpening too, where there is room for it.
  expect(names({ model, detail: 100, noise: 100 }, true, true, true)).toEqual([
    'Now: Faithful',
    'Detail: faithful',
    'Blur: sharpen',
    'Crisp',
  ]);
  const can = { detail: true, noise: true, blur: true };
  const [now, faithful, , crisp] = tryChoices(styles, current, { model, detail: 40, noise: 5 }, can);
  // Another style begins as it suits the picture.
  expect(crisp!.settings).toEqual({ model: 'Crisp-x4', detail: undefined, noise: undefined, blur: undefined });
  expect(now!.settings).toEqual({ model, detail: 40, noise: 5 });
  expect(faithful!.settings).toEqual({ model, detail: 0, noise: 5 });
});
