import type { ReactiveController, ReactiveControllerHost } from 'lit';
import { defaultSettings, type UpscaleSettings } from '../actions/settings';
import { resultSize } from '../actions/size';
import {
  type EngineEvent,
  intersect,
  isAbort,
  type Knob,
  LWayError,
  nothingTunable,
  ownTuning,
  type Rect,
  toPlainError,
  tunable,
  type Tuning,
} from '../engine';
import { ownRect } from '../hosts/host';
import type { Learned } from './learned';
import { previewStrength } from './strength-preview';
import { factorOf, networkFor, styleOf, stylesOf, suited, type Style } from './network-styles';
import { applyStrength, NotPlaced, rescueResult, runUpscale, type FinishedUpscale } from './run-upscale';
import type { NetworkChoice, PanelServices } from './services';
import { isNoGpu } from './messages';
import { Pace } from './pace';
import { pieceAt, tryChoices } from './try-out';
import { jobAfter, newJob, type Done, type PanelState, type RunningJob, type Work } from './state';

/** Milliseconds after which an editor that has not answered is said to be silent. */
const silence = 6_000;

/** Holds the panel's state; the elements show it and call its methods. */
export class PanelController implements ReactiveController {
  state: PanelState = {
    document: undefined,
    settings: defaultSettings,
    networks: undefined,
    adding: null,
    noAdaptation: null,
    work: { kind: 'idle' },
    device: null,
    notices: [],
    tryOut: null,
    silent: false,
  };

  /** Settles when settings, networks and the document are known, or could not be had. */
  ready: Promise<void> = Promise.resolve();

  private readonly pace = new Pace();
  private readonly life = new AbortController();
  private cancelJob: AbortController | null = null;
  private enough: AbortController | null = null;
  private previewWork: AbortController | null = null;
  private tryWork: AbortController | null = null;
  private learned: Learned | null = null;
  private toldNoGpu = false;
  private stopListening: (() => void) | null = null;
  /** The newest question to the editor of what is open. */
  private describing: symbol | null = null;
  private addings: Promise<void> = Promise.resolve();
  /** Networks that are being taken in or wait for it. */
  private waiting = 0;

  constructor(
    private readonly element: ReactiveControllerHost,
    readonly services: PanelServices,
  ) {
    element.addController(this);
  }

  hostConnected(): void {
    const { host, queue } = this.services;
    const stops = [host.onChange(() => void this.describe()), queue?.onChange(() => this.element.requestUpdate())];
    this.stopListening = () => stops.forEach((stop) => stop?.());
    this.ready = this.load();
  }

  hostDisconnected(): void {
    this.stopListening?.();
    this.cancelJob?.abort(abortError());
    this.previewWork?.abort();
    this.tryWork?.abort();
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
    this.change({ detail: undefined, noise: undefined, blur: undefined, ...settings });
  }

  chooseNetwork(id: string): void {
    this.change({ model: id });
  }

  /** What the button does: {@link run} with the person's settings; how it ended is the state's `work`. */
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
    const before = this.state.work;
    this.closeTryOut();
    const { input } = this;
    const pixels = input ? input.width * input.height : NaN;
    if (before.kind === 'failed' && before.rescue) {
      throw new LWayError('busy', 'A finished result has not been opened yet.', 'Open it or discard it first.');
    }
    await this.during(
      (cancel, enough, say) => {
        const meter = this.pace.meter(settings.model, pixels, settings.adapt, enough);
        const listen = (event: EngineEvent) => {
          meter(event);
          say(event);
        };
        return runUpscale(cancel, this.services, settings, enough, listen, this.learned);
      },
      (error) => (error ? { kind: 'failed', error: toPlainError(error), rescue: null } : { kind: 'cancelled' }),
      signal,
      onEvent,
    ).finally(() => {
      // What was compared until now has had its day.
      this.disposeOf(before);
    });
  }

  /** Puts the strength that is being tried into the result, in place of the old one. */
  async applyTried(): Promise<void> {
    const { work } = this.state;
    if (work.kind !== 'done' || !work.preview || !this.canApply(work)) return;
    const { strength } = work.preview;
    const tried: Done = { ...work, previewing: false };
    // Cancelled or failed, the old result is still there.
    await this.during(
      (cancel, _, say) => applyStrength(cancel, this.services, work.finished, strength, say),
      (error) => {
        if (error) this.update({ notices: [...this.state.notices, toPlainError(error).message] });
        return tried;
      },
    ).catch(() => undefined);
  }

  /** Whether the strength that is being tried can take the old one's place. */
  canApply({ finished }: Done): boolean {
    return Boolean(this.services.host.replace && finished.placed && finished.learned);
  }

  /** Opens the result that could not be placed as a document of its own. */
  async rescue(): Promise<void> {
    const { work } = this.state;
    if (work.kind !== 'failed' || !work.rescue) return;
    const { rescue } = work;
    await this.during(
      (cancel) => rescueResult(cancel, rescue),
      (error) => (error ? { kind: 'failed', error: toPlainError(error), rescue } : work),
    ).catch(() => undefined);
  }

  /** Runs one job, shown as it goes; `otherwise` says what is shown when it was cancelled (null) or failed. */
  private async during(
    work: (cancel: AbortSignal, enough: AbortSignal, say: (event: EngineEvent) => void) => Promise<FinishedUpscale>,
    otherwise: (error: unknown) => Work,
    signal?: AbortSignal,
    onEvent?: (event: EngineEvent) => void,
  ): Promise<void> {
    if (this.state.work.kind === 'running') {
      throw new LWayError('busy', 'LWay is already at work.', 'Wait for it to finish, or cancel it.');
    }
    this.previewWork?.abort();
    const cancel = (this.cancelJob = new AbortController());
    const enough = (this.enough = new AbortController());
    const cancelToo = () => cancel.abort(signal?.reason);
    if (signal?.aborted) cancelToo();
    signal?.addEventListener('abort', cancelToo);
    this.update({ notices: [], adding: null, work: { kind: 'running', job: newJob } });
    try {
      cancel.signal.throwIfAborted();
      const finished = await work(cancel.signal, enough.signal, (event) => {
        this.onEvent(event);
        onEvent?.(event);
      });
      this.learned = finished.learned ?? this.learned;
      const documentId = finished.placed?.documentId ?? null;
      this.update({ work: { kind: 'done', finished, documentId, preview: null, previewing: false, unadapted: null } });
    } catch (error) {
      const cancelled = cancel.signal.aborted && (isAbort(error) || error === cancel.signal.reason);
      if (error instanceof NotPlaced) {
        this.update({ work: { kind: 'failed', error: toPlainError(error), rescue: error.finished } });
      } else this.update({ work: otherwise(cancelled ? null : error) });
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
    this.updateJob({ cancelling: true });
    this.cancelJob?.abort(abortError());
  }

  /** Ends the adaptation now and goes on with what was learned. */
  stopEarly(): void {
    this.updateJob({ stopping: true });
    this.enough?.abort();
  }

  /**
   * Shows a piece of the finished result as it would be with `strength`: nothing is learned anew, no setting is changed.
   * @param wanted the part of the result that is looked at
   */
  previewStrength(strength: number, wanted: Rect): Promise<void> {
    return this.redraw('preview', strength, wanted);
  }

  /**
   * Compares the result with what the network would have made of the picture before it was matched.
   * @param wanted the part of the result that is looked at; null compares with the picture itself again
   */
  async compareUnadapted(wanted: Rect | null): Promise<void> {
    if (wanted === null) {
      this.previewWork?.abort();
      this.updateDone({ unadapted: null, previewing: false });
    } else await this.redraw('unadapted', 0, wanted);
  }

  private async redraw(which: 'preview' | 'unadapted', strength: number, wanted: Rect): Promise<void> {
    this.previewWork?.abort();
    const { work } = this.state;
    if (work.kind !== 'done' || !work.finished.learned) return;
    const { finished } = work;
    const { signal } = (this.previewWork = new AbortController());
    this.updateDone({ previewing: true });
    // Whatever puts the result away ends this as well.
    try {
      const preview = await previewStrength(signal, this.services, finished, strength, wanted);
      if (!signal.aborted) this.updateDone({ [which]: preview, previewing: false });
    } catch (error) {
      if (signal.aborted) return;
      this.update({ notices: [...this.state.notices, toPlainError(error).message] });
      this.updateDone({ previewing: false });
    }
  }

  /** Seconds that the upscale will take, as far as this machine has shown; null where it has not. */
  get estimate(): number | null {
    const { input, effective } = this;
    const level = this.network?.entry.forDrawings ? 'off' : effective.adapt;
    return input && this.pace.estimate(effective.model, input.width * input.height, level);
  }

  /** The same without matching. */
  get upscalingEstimate(): number | null {
    const { input, effective } = this;
    return input && this.pace.upscaling(effective.model, input.width * input.height);
  }

  /** Takes what a piece that was tried has shown. @param megapixel seconds for one of the picture */
  tried(network: string, megapixel: number): void {
    this.pace.tried(network, megapixel);
    this.update({});
  }

  /**
   * Shows a piece of the picture by several choices, before anything is done.
   * @param at pixel of the document; null: the middle of what would be upscaled
   * @param side of what is shown of each, in pixels of the result; 256 if left out
   */
  async openTryOut(at: { x: number; y: number } | null, side?: number): Promise<void> {
    this.tryWork?.abort();
    const { signal } = (this.tryWork = new AbortController());
    const { style, input, effective } = this;
    if (!style || !input || this.state.work.kind === 'running') return;
    try {
      const target = await this.services.host.open(signal, effective.target);
      try {
        const piece = await pieceAt(signal, target, at, factorOf(effective.size, input), side);
        const choices = tryChoices(this.styles, style, this.state.settings, this.can);
        signal.throwIfAborted();
        this.update({ tryOut: { ...piece, choices } });
      } finally {
        await target.close();
      }
    } catch (error) {
      if (!signal.aborted) this.update({ notices: [...this.state.notices, toPlainError(error).message] });
    }
  }

  /** The present settings with another choice of style, as they would be carried out. */
  suitedTo(choice: Partial<UpscaleSettings>): UpscaleSettings {
    return suited({ ...this.state.settings, ...choice }, this.state.networks ?? [], this.input);
  }

  /** How much larger the result is to be. */
  get factor(): number {
    return factorOf(this.state.settings.size, this.input);
  }

  closeTryOut(): void {
    this.tryWork?.abort();
    this.update({ tryOut: null });
  }

  /** Puts the last result's message and comparison away. */
  dismiss(): void {
    const { work } = this.state;
    this.previewWork?.abort();
    this.disposeOf(work);
    this.update({ work: { kind: 'idle' }, notices: [] });
  }

  /** One after the other. @param files a network's file, or the two of an ncnn pair */
  addNetwork(files: readonly File[]): Promise<void> {
    if (this.waiting === 0) this.update({ adding: null });
    this.waiting += 1;
    const next = () => this.takeInNetwork(files).finally(() => (this.waiting -= 1));
    return (this.addings = this.addings.then(next));
  }

  private async takeInNetwork([file, other]: readonly File[]): Promise<void> {
    if (!file) return;
    // Given together, one that is refused is not hidden by the next.
    const refused = this.state.adding?.refused ?? [];
    this.update({ adding: { name: file.name, refused } });
    try {
      const bytes = new Uint8Array(await file.arrayBuffer());
      const companion = other && { name: other.name, bytes: new Uint8Array(await other.arrayBuffer()) };
      const added = await this.services.networks.add(this.life.signal, file.name, bytes, companion);
      this.update({ networks: await this.services.networks.list(this.life.signal), adding: { name: null, refused } });
      this.chooseNetwork(added.entry.id);
    } catch (error) {
      if (this.life.signal.aborted) return;
      this.update({ adding: { name: null, refused: [...refused, { name: file.name, error: toPlainError(error) }] } });
    }
  }

  async removeNetwork(id: string): Promise<void> {
    await this.services.networks.remove(id);
    this.update({ networks: await this.services.networks.list(this.life.signal), adding: null });
    this.chooseNetwork('default');
  }

  /** The network of the chosen style that suits the size. */
  get network(): NetworkChoice | undefined {
    const { style } = this;
    return style && networkFor(style, factorOf(this.state.settings.size, this.input));
  }

  get styles(): Style[] {
    return stylesOf(this.state.networks ?? []);
  }

  /** The chosen style; the default where the choice is gone. */
  get style(): Style | undefined {
    return styleOf(this.styles, this.state.settings.model);
  }

  /** Size of what would be upscaled now; null where nothing would. */
  get input(): { width: number; height: number } | null {
    const layer = this.state.document?.activeLayer;
    if (!layer || layer.bounds.width * layer.bounds.height === 0) return null;
    if (this.target === 'layer') return layer.own ?? layer.bounds;
    const area = intersect(this.state.document!.selection!, layer.bounds);
    return area && ownRect(layer, area);
  }

  private get target(): 'layer' | 'region' {
    return this.state.document?.selection ? this.state.settings.target : 'layer';
  }

  /** Why nothing can be upscaled now; empty where it can. */
  get obstacle(): string {
    const { document, networks } = this.state;
    const { size } = this.state.settings;
    if (document === undefined || networks === undefined) {
      const { name } = this.services.host;
      return this.state.silent
        ? `Waiting for ${name}… It has not answered yet. Check whether a dialog is open there, and whether this panel was opened from within ${name}.`
        : `Waiting for ${name}…`;
    }
    if (this.services.queue?.working) return 'The queue is at work. Pause it to upscale this picture now.';
    if (document === null) return 'Open a picture to begin.';
    if (!document.activeLayer) return 'Choose a layer to begin.';
    if (networks.length === 0) return 'No network was found. Reinstall or rebuild LWay.';
    if (this.state.work.kind === 'failed' && this.state.work.rescue)
      return 'Open the result below first, or discard it.';
    if (!this.input)
      return this.target === 'region' ? 'The selection does not touch the layer.' : 'The layer has no pixels.';
    try {
      resultSize(size, this.input.width, this.input.height);
      return '';
    } catch (error) {
      const { message, advice } = toPlainError(error);
      return `${message} ${advice}`;
    }
  }

  /** Whether Detail, Noise and Blur mean something to the chosen network. */
  get can(): Readonly<Record<Knob, boolean>> {
    const { network } = this;
    return network && !network.own ? tunable(network.entry) : nothingTunable;
  }

  /** Where Detail, Noise and Blur stand while they are automatic: as the last picture got them, else the network as it is. */
  get tuningShown(): Tuning {
    const { network } = this;
    const { work } = this.state;
    if (work.kind === 'done' && work.finished.network.entry.id === network?.entry.id && work.finished.report.tuning)
      return work.finished.report.tuning;
    return network ? ownTuning(network.entry) : { detail: 50, noise: 0, blur: 0 };
  }

  /** The settings as they can be carried out now: what is not available is left out. */
  get effective(): UpscaleSettings {
    const { noAdaptation, networks } = this.state;
    const settings = suited(this.state.settings, networks ?? [], this.input);
    const { destinations } = this.services.host.capabilities;
    return {
      ...settings,
      target: this.target,
      destination: destinations.includes(settings.destination) ? settings.destination : (destinations[0] ?? 'layer'),
      adapt: noAdaptation === null ? settings.adapt : 'off',
    };
  }

  private async load(): Promise<void> {
    const { signal } = this.life;
    try {
      // An editor that is slow to answer does not hold back the rest.
      const described = this.describe();
      const patience = setTimeout(() => this.update({ silent: true }), silence);
      void described.finally(() => {
        clearTimeout(patience);
        this.update({ silent: false });
      });
      signal.addEventListener('abort', () => clearTimeout(patience));
      // Some editors keep them, and may be silent about them as well.
      const saved = await this.services.settings.load().catch(() => null);
      if (saved) this.update({ settings: { ...defaultSettings, ...saved } });
      const networks = await this.services.networks.list(signal);
      // Without adaptation an upscale still works: its failing is said where it would be chosen.
      const noAdaptation = await this.services.networks
        .whyNoAdaptation(signal)
        .catch((error: unknown) => toPlainError(error).message);
      this.update({ networks, noAdaptation });
      await described;
    } catch (error) {
      if (!signal.aborted) this.fail(error);
    }
  }

  private async describe(): Promise<void> {
    const call = (this.describing = Symbol('describe'));
    try {
      const document = await this.services.host.describe(this.life.signal);
      // An older answer that comes late is stale.
      if (call !== this.describing) return;
      const before = this.state.document;
      this.update({ document });
      // The piece was another picture's.
      if (before?.id !== document?.id || before?.activeLayer?.id !== document?.activeLayer?.id) this.closeTryOut();
      // Who draws a selection means it.
      const drawn = document?.selection && before?.id === document.id && !before.selection;
      if (drawn && this.state.settings.target !== 'region') this.change({ target: 'region' });
    } catch (error) {
      if (!this.life.signal.aborted && call === this.describing) this.fail(error);
    }
  }

  private onEvent(event: EngineEvent): void {
    const { work, notices } = this.state;
    if (work.kind !== 'running') return;
    if (event.type === 'device') this.update({ device: { device: event.device, name: event.name } });
    else if (event.type === 'notice') {
      // That there is no GPU is as true of every later upscale: it is told once.
      if (isNoGpu(event.message) && this.toldNoGpu) return;
      this.toldNoGpu ||= isNoGpu(event.message);
      if (!notices.includes(event.message)) this.update({ notices: [...notices, event.message] });
    } else this.update({ work: { kind: 'running', job: jobAfter(work.job, event) } });
  }

  private disposeOf(work: Work): void {
    if (work.kind === 'done') void work.finished.dispose();
    if (work.kind === 'failed') void work.rescue?.dispose();
  }

  /** What cannot be told in a job's own card. */
  private fail(error: unknown): void {
    if (this.state.work.kind === 'running') return;
    this.previewWork?.abort();
    this.disposeOf(this.state.work);
    this.update({ work: { kind: 'failed', error: toPlainError(error), rescue: null } });
  }

  private updateDone(change: Partial<Done>): void {
    if (this.state.work.kind === 'done') this.update({ work: { ...this.state.work, ...change } });
  }

  private updateJob(change: Partial<RunningJob>): void {
    const { work } = this.state;
    if (work.kind === 'running') this.update({ work: { ...work, job: { ...work.job, ...change } } });
  }

  private update(change: Partial<PanelState>): void {
    this.state = { ...this.state, ...change };
    this.element.requestUpdate();
  }
}

function abortError(): DOMException {
  return new DOMException('Cancelled.', 'AbortError');
}
