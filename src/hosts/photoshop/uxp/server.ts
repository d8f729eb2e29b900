import { LWayError } from '../../../engine';
import { reasonOf } from '../bridge/bridge';
import { STEP_NAME, PLAY_METHOD, type HostFacts, type PhotoshopBridge } from '../protocol';
import { commitResult } from './write-layer';
import { describeDocument, stateOf, activeDocument } from './documents';
import type { ModalGate } from './modal';
import { openTarget, type Target } from './open';
import type { PhotoshopApi, TemporaryFiles } from './photoshop-api';
import { probePhotoshop } from './probe';
import { Spool } from './spool';

export interface ServerContext {
  ps: PhotoshopApi;
  gate: ModalGate;
  files: TemporaryFiles;
  confirm: (question: string) => boolean;
  /** Settings and the like, kept with the plugin. */
  settings: { get(key: string): string | null; set(key: string, value: string): void };
  facts: HostFacts;
}

const closed = () => new LWayError('internal', 'The layer is no longer open.', 'Start the upscale again.');

/** Photoshop's side of one page: answers what its `PhotoshopHost` asks. */
export class PageServer {
  private readonly targets = new Map<string, Target>();
  private readonly stages = new Map<string, Spool>();
  private stageCount = 0;

  constructor(context: ServerContext, bridge: PhotoshopBridge) {
    const { ps, gate } = context;
    bridge.handle('describe', () => ({ value: describeDocument(ps) }));
    bridge.handle('open', async ({ signal, params }) => {
      const target = await openTarget(context, signal, params);
      if (signal.aborted) {
        // Whoever asked for it will never close it.
        await target.close();
        throw reasonOf(signal);
      }
      this.targets.set(target.info.token, target);
      return { value: target.info };
    });
    bridge.handle('read', async ({ signal, params }) => {
      const { token, column, row } = params;
      const { header, bytes } = await this.target(token).read(signal, column, row);
      return { value: header, bytes };
    });
    bridge.handle('close', async ({ params }) => {
      const { token } = params;
      const target = this.targets.get(token);
      this.targets.delete(token);
      await target?.close();
    });
    bridge.handle('stage.open', () => {
      const stage = `stage-${++this.stageCount}`;
      this.stages.set(stage, new Spool(context.files));
      return { value: { stage } };
    });
    bridge.handle('stage.write', async ({ params, bytes }) => {
      const { stage, ...header } = params;
      const spool = this.stage(stage);
      const { x, y } = header.rect;
      await spool.put(`${x},${y}`, header, bytes ?? new Uint8Array(0));
    });
    bridge.handle('stage.drop', async ({ params }) => {
      const { stage } = params;
      const spool = this.stages.get(stage);
      this.stages.delete(stage);
      await spool?.clear();
    });
    bridge.handle('commit', async ({ signal, params, progress }) => {
      const commit = params;
      const target = this.target(commit.token);
      const stage = this.stage(commit.stage);
      try {
        await commitResult(ps, gate, signal, target, stage, commit, progress);
      } catch (error) {
        // The work of minutes is not thrown away because somebody has painted meanwhile.
        const changed = error instanceof LWayError && error.code === 'document-changed';
        const elsewhere = `${changed ? error.message : ''} Put the finished result into a new document instead?`;
        if (!changed || gate.isPlaying || !context.confirm(elsewhere)) throw error;
        await commitResult(ps, gate, signal, target, stage, { ...commit, destination: 'document' }, progress);
        return;
      }
      // The same target may be written once more: what the document is now is what it must still be then.
      if (commit.destination === 'layer') {
        const document = activeDocument(ps);
        if (document?.id === target.state.id) {
          Object.assign(target.state, stateOf(document, target.state.layerId));
        }
      }
    });
    bridge.handle('record', async ({ params }) => {
      // A step that is being played must not be recorded a second time by itself.
      if (gate.isPlaying) return { value: { recorded: false } };
      try {
        await ps.action.recordAction({ name: STEP_NAME, methodName: PLAY_METHOD }, params.info);
        return { value: { recorded: true } };
      } catch (error) {
        // Photoshop refuses while no action is being recorded, which is the usual case.
        return { value: { recorded: false, reason: String(error) } };
      }
    });
    bridge.handle('settings.get', ({ params }) => ({ value: context.settings.get(params.key) }));
    bridge.handle('settings.set', ({ params }) => {
      const { key, value } = params;
      context.settings.set(key, value);
    });
    bridge.handle('probe.facts', () => ({ value: context.facts }));
    bridge.handle('probe.photoshop', async ({ signal }) => ({
      value: await probePhotoshop(ps, gate, signal, () => bridge.request(signal, 'ping', null, { silence: 5_000 })),
    }));
    bridge.handle('probe.echo', ({ params, bytes }) => ({ value: params, bytes }));
  }

  /** Forgets all that was open: the page has gone or been reloaded. */
  async reset(): Promise<void> {
    const open = [...this.targets.values()];
    const staged = [...this.stages.values()];
    this.targets.clear();
    this.stages.clear();
    for (const target of open) await target.close();
    for (const spool of staged) await spool.clear();
  }

  private target(token: string): Target {
    const target = this.targets.get(token);
    if (!target) throw closed();
    return target;
  }

  private stage(name: string): Spool {
    const spool = this.stages.get(name);
    if (!spool) throw closed();
    return spool;
  }
}
