import type { ReactiveController, ReactiveControllerHost } from 'lit';
import { defaultSettings, type UpscaleSettings } from '../actions/settings';
import { tempersOf, type Tempers } from '../engine/adaptation/tempers';
import type { EngineEvent, PreviewImage } from '../engine/engine';
import { isAbort, LWayError, toPlainError, type PlainError } from '../engine/errors';
import type { Rect } from '../engine/raster/raster';
import type { DocumentSummary } from '../hosts/host';
import { previewStrength, type Learned, type StrengthPreview } from './learned';
import { runUpscale, type FinishedUpscale } from './run-upscale';
import type { ModelChoice, PanelServices } from './services';

export interface CurvePoint {
  step: number;
  loss: number;
  heldOut?: number;
}

/** An upscale at work. */
export interface RunningJob {
  phase: 'preparing' | 'adapting' | 'upscaling' | 'writing';
  /** Tiles, steps or hundredths done; null until the first is. */
  progress: { done: number; total: number; secondsLeft?: number } | null;
  curve: readonly CurvePoint[];
  /** A piece of the picture by the network as it came and as it is after `step` steps; null until there is one. */
  learning: { step: number; before: PreviewImage; now: PreviewImage } | null;
  /** The person asked to stop adapting and keep what was learned. */
  stopping: boolean;
  cancelling: boolean;
}

export type Outcome =
  { kind: 'done'; finished: FinishedUpscale } | { kind: 'cancelled' } | { kind: 'failed'; error: PlainError };

export interface PanelState {
  /** Undefined until the editor has answered for the first time. */
  readonly document: DocumentSummary | null | undefined;
  readonly settings: UpscaleSettings;
  readonly models: readonly ModelChoice[];
  /** What happened with a network that is being, or was, added. */
  readonly adding: { name: string; error?: PlainError; added?: string } | null;
  /** Why adaptation is not available; null where it is, or where that is not known yet. */
  readonly noAdaptation: string | null;
  readonly job: RunningJob | null;
  readonly outcome: Outcome | null;
  readonly device: { device: string; name: string } | null;
  readonly notices: readonly string[];
  /** A piece of the finished result with another strength. */
  readonly preview: StrengthPreview | null;
  readonly previewing: boolean;
  /** The same piece by the network as it came, to compare with; null: the picture itself is compared. */
  readonly unadapted: StrengthPreview | null;
}

/** Holds the panel's state; the elements show it and call its methods. */
export class PanelController implements ReactiveController {
  state: PanelState = {
    document: undefined,
    settings: defaultSettings,
    models: [],
    adding: null,
    noAdaptation: null,
    job: null,
    outcome: null,
    device: null,
    notices: [],
    preview: null,
    previewing: false,
    unadapted: null,
  };

  /** Settles when settings, networks and the document are known, or could not be had. */
  ready: Promise<void> = Promise.resolve();

  private readonly life = new AbortController();
  private cancelJob: AbortController | null = null;
  private enough: AbortController | null = null;
  private previewWork: AbortController | null = null;
  private learned: Learned | null = null;
  private stopListening: (() => void) | null = null;
  private describing = 0;

  constructor(
    private readonly element: ReactiveControllerHost,
    readonly services: PanelServices,
  ) {
    element.addController(this);
  }

  hostConnected(): void {
    this.stopListening = this.services.host.onChange(() => void this.describe());
    this.ready = this.load();
  }

  hostDisconnected(): void {
    this.stopListening?.();
    this.cancelJob?.abort(abortError());
    this.previewWork?.abort();
    this.life.abort(abortError());
  }

  change(settings: Partial<UpscaleSettings>): void {
    const next = { ...this.state.settings, ...settings };
    this.update({ settings: next });
    // Settings that cannot be kept are asked for again next time: no reason to disturb the person.
    this.services.settings.save(next).catch(() => undefined);
  }

  /** Puts these settings in the place of the person's: what they leave out is left out. */
  replace(settings: UpscaleSettings): void {
    this.change({ crispness: undefined, ...settings });
  }

  /** Chooses a network, exactly as it came. */
  chooseModel(id: string): void {
    this.change({ model: id, crispness: undefined });
  }

  /**
   * Goes between the chosen network's faithful (0) and crisp form (1). The mix goes by the name of the nearer one; at an end
   * it is that network itself.
   */
  chooseCrispness(crispness: number): void {
    const { tempers } = this;
    if (!tempers) return;
    const nearer = crispness < 0.5 ? tempers.faithful : tempers.crisp;
    this.change({ model: nearer.id, crispness: crispness > 0 && crispness < 1 ? crispness : undefined });
  }

  /** What the button does: {@link run} with the person's settings; how it ended is the state's `outcome`. */
  async start(): Promise<void> {
    await this.run(this.effective).catch(() => undefined);
  }

  /**
   * One upscale, shown like the person's own, with settings that may be another's (a recorded step). A second one while one
   * runs is refused.
   *
   * @param signal cancels it, beside the person
   * @throws what went wrong, after it has been shown
   */
  async run(settings: UpscaleSettings, signal?: AbortSignal, onEvent?: (event: EngineEvent) => void): Promise<void> {
    if (this.state.job) throw new LWayError('busy', 'LWay is at work already.', 'Wait for it to finish, or cancel it.');
    this.forget();
    const cancel = (this.cancelJob = new AbortController());
    const enough = (this.enough = new AbortController());
    const cancelToo = () => cancel.abort(signal?.reason);
    signal?.addEventListener('abort', cancelToo, { once: true });
    this.update({
      outcome: null,
      notices: [],
      preview: null,
      unadapted: null,
      adding: null,
      job: { phase: 'preparing', progress: null, curve: [], learning: null, stopping: false, cancelling: false },
    });
    try {
      signal?.throwIfAborted();
      const finished = await runUpscale(
        cancel.signal,
        this.services,
        settings,
        enough.signal,
        (event) => {
          this.onEvent(event);
          onEvent?.(event);
        },
        this.learned,
      );
      this.learned = finished.learned ?? this.learned;
      this.update({ job: null, outcome: { kind: 'done', finished } });
    } catch (error) {
      const cancelled = cancel.signal.aborted && (isAbort(error) || error === cancel.signal.reason);
      this.update({
        job: null,
        outcome: cancelled ? { kind: 'cancelled' } : { kind: 'failed', error: toPlainError(error) },
      });
      throw error;
    } finally {
      signal?.removeEventListener('abort', cancelToo);
      await this.describe();
    }
  }

  /** Something that the editor has to say about the upscale at work. */
  notice(message: string): void {
    this.onEvent({ type: 'notice', message });
  }

  cancel(): void {
    if (!this.state.job) return;
    this.updateJob({ cancelling: true });
    this.cancelJob?.abort(abortError());
  }

  /** Ends the adaptation now and goes on with what was learned. */
  stopEarly(): void {
    this.updateJob({ stopping: true });
    this.enough?.abort();
  }

  /**
   * Shows a piece of the finished result as it would be with `strength`: nothing is learned anew.
   * @param wanted the part of the result that is looked at
   */
  previewStrength(strength: number, wanted: Rect): Promise<void> {
    return this.redraw('preview', strength, wanted);
  }

  /**
   * Compares the result with what the network would have made of the picture as it came.
   * @param wanted the part of the result that is looked at; null compares with the picture itself again
   */
  async compareUnadapted(wanted: Rect | null): Promise<void> {
    if (wanted === null) {
      this.previewWork?.abort();
      this.update({ unadapted: null, previewing: false });
    } else await this.redraw('unadapted', 0, wanted);
  }

  private async redraw(which: 'preview' | 'unadapted', strength: number, wanted: Rect): Promise<void> {
    this.previewWork?.abort();
    const { outcome, job } = this.state;
    if (job || outcome?.kind !== 'done' || !outcome.finished.learned) return;
    const { signal } = (this.previewWork = new AbortController());
    this.update({ previewing: true });
    try {
      const preview = await previewStrength(signal, this.services, outcome.finished, strength, wanted);
      if (!signal.aborted && this.state.outcome === outcome) this.update({ [which]: preview });
    } catch (error) {
      if (!signal.aborted) this.update({ notices: [...this.state.notices, toPlainError(error).message] });
    } finally {
      if (!signal.aborted) this.update({ previewing: false });
    }
  }

  /** Puts the last result's message and comparison away. */
  dismiss(): void {
    this.forget();
    this.update({ outcome: null, notices: [], preview: null, unadapted: null });
  }

  async addModel(file: File): Promise<void> {
    this.update({ adding: { name: file.name } });
    try {
      const bytes = new Uint8Array(await file.arrayBuffer());
      const added = await this.services.models.add(this.life.signal, file.name, bytes);
      this.update({
        models: await this.services.models.list(this.life.signal),
        adding: { name: file.name, added: added.entry.id },
      });
      this.chooseModel(added.entry.id);
    } catch (error) {
      if (!this.life.signal.aborted) this.update({ adding: { name: file.name, error: toPlainError(error) } });
    }
  }

  async removeModel(id: string): Promise<void> {
    await this.services.models.remove(id);
    this.update({ models: await this.services.models.list(this.life.signal), adding: null });
    this.chooseModel('default');
  }

  /** The chosen network; the default where the choice is gone. */
  get model(): ModelChoice | undefined {
    const { models, settings } = this.state;
    return models.find(({ entry }) => entry.id === settings.model) ?? models[0];
  }

  /** The two forms of the chosen network; null where it has only one. */
  get tempers(): Tempers | null {
    const { model } = this;
    if (!model || model.own) return null;
    const shipped = this.state.models.filter(({ own }) => !own);
    return tempersOf(
      shipped.map(({ entry }) => entry),
      model.entry,
    );
  }

  /** Where the network lies between its faithful (0) and its crisp form (1); null where it has only one. */
  get crispness(): number | null {
    if (!this.tempers) return null;
    return this.state.settings.crispness ?? (this.model?.entry.temper === 'crisp' ? 1 : 0);
  }

  /** The settings as they can be carried out now: what is not available is left out. */
  get effective(): UpscaleSettings {
    const { document, noAdaptation } = this.state;
    const { crispness, ...settings } = this.state.settings;
    const { destinations } = this.services.host.capabilities;
    return {
      ...settings,
      ...(crispness === undefined || !this.tempers ? {} : { crispness }),
      model: this.model?.entry.id ?? 'default',
      target: document?.selection ? settings.target : 'layer',
      destination: destinations.includes(settings.destination) ? settings.destination : (destinations[0] ?? 'layer'),
      adapt: noAdaptation === null ? settings.adapt : 'off',
    };
  }

  private async load(): Promise<void> {
    const { signal } = this.life;
    try {
      const saved = await this.services.settings.load().catch(() => null);
      if (saved) this.update({ settings: { ...defaultSettings, ...saved } });
      await this.describe();
      this.update({ models: await this.services.models.list(signal) });
      // Without adaptation an upscale still works: its failing is said where it would be chosen.
      const adaptation = await this.services.models
        .adaptation(signal, this.model?.entry ?? { scale: 4 })
        .catch((error: unknown) => toPlainError(error).message);
      this.update({ noAdaptation: typeof adaptation === 'string' ? adaptation : null });
    } catch (error) {
      if (!signal.aborted) this.update({ outcome: { kind: 'failed', error: toPlainError(error) } });
    }
  }

  private async describe(): Promise<void> {
    const call = (this.describing += 1);
    try {
      const document = await this.services.host.describe(this.life.signal);
      // An older answer that comes late is stale.
      if (call === this.describing) this.update({ document });
    } catch (error) {
      if (!this.life.signal.aborted) this.update({ outcome: { kind: 'failed', error: toPlainError(error) } });
    }
  }

  private onEvent(event: EngineEvent): void {
    if (!this.state.job) return;
    if (event.type === 'device') this.update({ device: { device: event.device, name: event.name } });
    else if (event.type === 'notice') this.update({ notices: [...this.state.notices, event.message] });
    else if (event.type === 'phase') this.updateJob({ phase: event.phase, progress: null });
    else if (event.type === 'progress') this.updateJob({ progress: event });
    else if (event.type === 'preview') this.showLearning(event.step, event.image);
    else this.updateJob({ curve: [...this.state.job.curve, event] });
  }

  private showLearning(step: number, now: PreviewImage): void {
    const before = this.state.job?.learning?.before ?? now;
    this.updateJob({ learning: { step, before, now } });
  }

  private forget(): void {
    this.previewWork?.abort();
    if (this.state.outcome?.kind === 'done') void this.state.outcome.finished.dispose();
  }

  private updateJob(change: Partial<RunningJob>): void {
    if (this.state.job) this.update({ job: { ...this.state.job, ...change } });
  }

  private update(change: Partial<PanelState>): void {
    this.state = { ...this.state, ...change };
    this.element.requestUpdate();
  }
}

function abortError(): DOMException {
  return new DOMException('Cancelled.', 'AbortError');
}
