import { encode } from 'fast-png';
import { readFileSync } from 'node:fs';
import type { AxeResults, RunOptions } from 'axe-core';
import type { Browser, BrowserContextOptions } from 'playwright-core';
import { tinyNetwork } from '../engine/upscaling/tiny-networks';
import { EditorPage, launch, serveBuiltPage, type Served } from './support/editor-page';

let server: Served;
let browser: Browser;
let editor: EditorPage;
const axe = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');

beforeAll(async () => {
  server = await serveBuiltPage();
  browser = await launch();
});
afterAll(async () => {
  await browser?.close();
  await server?.close();
});
afterEach(async () => {
  await editor?.close();
});

async function start(options: BrowserContextOptions = {}): Promise<void> {
  // axe is a script that the page's own policy would refuse.
  editor = await EditorPage.open(browser, server.url, { ...options, bypassCSP: true });
  await editor.page.evaluate(axe);
}

/** What breaks WCAG 2.2 AA, as far as axe-core can tell. */
async function violations(): Promise<string[]> {
  const results = await editor.page.evaluate(async () => {
    const options: RunOptions = { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] };
    const { axe: checker } = window as unknown as { axe: { run(options: RunOptions): Promise<AxeResults> } };
    return checker.run(options);
  });
  return results.violations.flatMap(({ id, nodes }) =>
    nodes.map(({ target, failureSummary }) => `${id}: ${JSON.stringify(target)} ${failureSummary}`),
  );
}

async function upscale(): Promise<void> {
  const data = Uint8Array.from({ length: 60 * 40 * 3 }, (_, i) => 128 + 100 * Math.sin(i / 17));
  await editor.openFile('photo.png', Buffer.from(encode({ width: 60, height: 40, channels: 3, depth: 8, data })));
  await editor.openFile('tiny.onnx', Buffer.from(tinyNetwork()), 'Network file to add');
  await editor.page.getByText('Your own network').waitFor();
  await editor.choose('2 times');
  await editor.button.click();
  expect(await editor.finished(60_000)).toBe('done');
}

test.each(['light', 'dark'] as const)('nothing that axe-core finds, in every state, %s', async (colorScheme) => {
  await start({ colorScheme });
  const { page } = editor;
  const found: string[] = [];
  const check = async (state: string) => found.push(...(await violations()).map((one) => `${state}: ${one}`));
  await check('start');
  await page.getByText('Details').click();
  await page.getByRole('button', { name: 'Preview' }).click();
  await page.getByRole('button', { name: 'Close the preview' }).waitFor();
  await check('preview');
  await upscale();
  await page.getByRole('button', { name: 'Compare', exact: true }).click();
  await check('compared');
  await page.getByRole('button', { name: 'Export…' }).click();
  await editor.choose('JPEG');
  await check('export');
  await page.keyboard.press('Escape');
  const bad = (name: string) => ({ name, mimeType: 'image/png', buffer: Buffer.from('no picture') });
  await page.getByLabel('Picture to open').setInputFiles([bad('a.png'), bad('b.png')]);
  await page.getByRole('button', { name: 'Upscale all' }).click();
  await page.getByRole('heading', { name: '2 pictures · 2 failed' }).waitFor();
  await check('queue');
  expect(found).toEqual([]);
});

test('with forced colours, what is chosen, and how far a slider and progress are, can be seen', async () => {
  await start({ forcedColors: 'active' });
  const styles = await editor.page.evaluate(() => {
    const find = (root: ParentNode, selector: string): Element[] =>
      [...root.querySelectorAll('*')].flatMap((element) => [
        ...(element.matches(selector) ? [element] : []),
        ...(element.shadowRoot ? find(element.shadowRoot, selector) : []),
      ]);
    const background = (selector: string) =>
      find(document, selector).map((element) => getComputedStyle(element).backgroundColor);
    return { chosen: background('input:checked + span'), others: background('input:not(:checked):enabled + span') };
  });
  expect(styles.chosen.length).toBeGreaterThan(3);
  for (const colour of styles.chosen) expect(styles.others).not.toContain(colour);
});

/** Whether what has the focus is seen in its middle, rather than something that lies over it. */
function focusSeen(): string | null {
  let focused = document.activeElement!;
  while (focused.shadowRoot?.activeElement) focused = focused.shadowRoot.activeElement;
  if (focused === document.body) return null;
  const box = focused.getBoundingClientRect();
  let over: Element | null = document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2);
  while (over?.shadowRoot) {
    const inside: Element | null = over.shadowRoot.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2);
    if (!inside || inside === over) break;
    over = inside;
  }
  const name = focused.getAttribute('aria-label') ?? focused.textContent ?? focused.id;
  const same =
    over !== null &&
    (over === focused || over.contains(focused) || focused.contains(over) || over.parentElement?.contains(focused));
  return same ? null : `${focused.localName} ${name.trim()} is under ${over?.localName} ${over?.className}`;
}

test.each([
  ['a low window', { width: 1280, height: 560 }],
  ['390 pixels wide', { width: 390, height: 700 }],
  ['260 pixels wide', { width: 260, height: 700 }],
  ['twice as large', { width: 640, height: 400 }],
])('the focus is never under the button, which stays in reach: %s', async (_, viewport) => {
  await start({ viewport });
  const { page } = editor;
  const hidden: string[] = [];
  for (let i = 0; i < 48; i++) {
    await page.keyboard.press('Tab');
    const problem = await page.evaluate(focusSeen);
    if (problem) hidden.push(problem);
  }
  expect(hidden).toEqual([]);
  await page.getByRole('radio', { name: 'Off' }).focus();
  const box = (await editor.button.boundingBox())!;
  expect(box.y).toBeGreaterThanOrEqual(0);
  expect(box.y + box.height).toBeLessThanOrEqual(viewport.height);
  const overflow = await page.evaluate(() => document.scrollingElement!.scrollWidth - window.innerWidth);
  expect(overflow).toBeLessThanOrEqual(0);
});

test('a chosen segment stands out 3 : 1 from what is around it', async () => {
  for (const colorScheme of ['light', 'dark'] as const) {
    await editor?.close();
    await start({ colorScheme });
    const ratio = await editor.page.evaluate(() => {
      const style = getComputedStyle(document.documentElement);
      const light = (name: string) => {
        const canvas = new OffscreenCanvas(1, 1).getContext('2d')!;
        canvas.fillStyle = style.getPropertyValue(name);
        canvas.fillRect(0, 0, 1, 1);
        const [r, g, b] = [...canvas.getImageData(0, 0, 1, 1).data].map((value) => {
          const c = value / 255;
          return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
        }) as [number, number, number];
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
      };
      const [a, b] = [light('--lway-mark'), light('--lway-track')];
      return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    });
    expect(ratio).toBeGreaterThanOrEqual(3);
  }
});
