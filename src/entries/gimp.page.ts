import { LWayError, toPlainError } from '../engine';
import { createTileStore } from '../engine/browser';
import { decodeFrame, encodeFrame } from '../hosts/gimp/frames';
import { GimpHost } from '../hosts/gimp/gimp-host';
import type { GimpPort, Hello } from '../hosts/gimp/protocol';
import { Panel } from '../panel/elements/panel';
import { ServedBy, ServedNetworks, ServedSettings } from '../panel/served';
import { applyTokens } from '../ui/tokens';
import { engineBesidePage, networksOfPage } from './parts.page';

/** Joins GIMP, behind the program that serves this page, with the panel and the engine. */
async function start(): Promise<void> {
  applyTokens();
  const by = await ServedBy.connect();
  void by.untilGone().then(leave);
  const port: GimpPort = {
    async ask(signal, question, bytes) {
      const frame = new Blob(encodeFrame(question, bytes) as Uint8Array<ArrayBuffer>[]);
      const answer = decodeFrame(await by.ask(signal, 'gimp', frame));
      return { answer: answer.header, bytes: answer.bytes };
    },
  };
  const { answer } = await port.ask(new AbortController().signal, { op: 'hello' });
  const origin = answer as Hello;
  const engine = engineBesidePage();
  const panel = new Panel();
  const host = new GimpHost({ port, origin, onNotice: (message) => panel.controller?.notice(message) });
  panel.services = {
    host,
    engine,
    networks: networksOfPage(engine, undefined, new ServedNetworks(by)),
    settings: new ServedSettings(by),
    createStore: () => createTileStore(),
  };
  document.body.append(panel);
  const shown = await host.describe(new AbortController().signal);
  if (shown) document.title = `${shown.name} · LWay`;
}

/** GIMP or its plug-in has ended: nothing can be done from here any more. */
function leave(): void {
  window.close();
  say('GIMP was closed, or has stopped LWay. You can close this window.');
}

function say(message: string): void {
  const note = document.createElement('p');
  note.className = 'note';
  note.setAttribute('role', 'alert');
  note.textContent = message;
  document.body.replaceChildren(note);
}

start().catch((error: unknown) => {
  const { message, advice } = error instanceof LWayError ? error : toPlainError(error);
  say(`${message} ${advice}`);
});
