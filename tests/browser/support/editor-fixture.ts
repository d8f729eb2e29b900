import type { Browser } from 'playwright-core';
import { EditorPage, launch, serveBuiltPage, type Served } from './editor-page';

/**
 * The built page in Chromium for the tests of a file. After each, nothing may have been written to its console, and
 * nothing asked for outside its own origin.
 *
 * @param take called with each window that is opened
 * @param per whether it is opened anew for each test, or once for a file whose tests only add to it
 * @returns opens another window instead, for the test that asks
 */
export function useEditor(
  take: (editor: EditorPage) => void,
  per: 'test' | 'file' = 'test',
): (options?: Parameters<Browser['newContext']>[0]) => Promise<void> {
  let server: Served | undefined;
  let browser: Browser | undefined;
  let editor: EditorPage | undefined;
  const close = async () => {
    await editor?.close();
    editor = undefined;
  };
  const open = async (options = {}) => {
    await close();
    editor = await EditorPage.open(browser!, server!.url, options);
    take(editor);
  };
  beforeAll(async () => {
    server = await serveBuiltPage();
    browser = await launch();
    if (per === 'file') await open();
  });
  afterAll(async () => {
    await close();
    await browser?.close();
    await server?.close();
  });
  if (per === 'test') beforeEach(() => open());
  afterEach(async () => {
    const found = editor && { errors: editor.errors.splice(0), strangers: editor.strangers };
    if (per === 'test') await close();
    expect(found).toEqual({ errors: [], strangers: [] });
  });
  return open;
}
