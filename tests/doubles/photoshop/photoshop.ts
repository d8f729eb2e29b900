// A strict double of Photoshop's scripting interface, built from Adobe's reference: imaging.md,
// executeasmodal.md, action-recording.md. Where the reference leaves something open, it does what is worse for the plugin.
import type { PhotoshopApi } from '../../../src/hosts/photoshop/uxp/photoshop-api';
import { constants, profiles, white, type Depth, type Mode } from './constants';
import { componentsOf, FakeDocument, FakeLayer, layerState, select } from './document';
import { FakeImaging, tick } from './imaging';
import { indexOf, makePlane, type Edges, type Plane } from './plane';
import { copyState, findPlace, type LayerState } from './state';

interface ModalScope {
  context: FakeContext;
  autoClose: Set<number>;
  suspensions: Map<object, FakeDocument>;
}

interface FakeContext {
  isCancelled: boolean;
  onCancel?: (event?: { reason: string }) => void;
  reportProgress(progress: { value?: number; commandName?: string }): void;
  hostControl: {
    suspendHistory(options: { documentID: number; name: string }): Promise<unknown>;
    resumeHistory(suspension: unknown, commit?: boolean): Promise<void>;
    registerAutoCloseDocument(id: number): Promise<void>;
    unregisterAutoCloseDocument(id: number): Promise<void>;
  };
}

export interface RecordedStep {
  name: string;
  methodName: string;
  info: Record<string, unknown>;
}

export interface NewPicture {
  name?: string;
  width: number;
  height: number;
  mode?: Mode;
  depth?: Depth;
  profile?: string;
  resolution?: number;
  /** One pixel layer over the whole canvas; left out: no layers. Values of 0..1, alpha last. */
  pixel?: (x: number, y: number) => readonly number[];
  /** The layer is the locked Background, without alpha. */
  background?: boolean;
}

const OWNED_BY_ACTION = 0xffffffff;

export class FakePhotoshop {
  readonly documents: FakeDocument[] = [];
  active: FakeDocument | null = null;
  readonly imaging = new FakeImaging(this);
  readonly progress: { value?: number; commandName?: string }[] = [];
  readonly recorded: RecordedStep[] = [];
  isRecording = false;
  /** The playing action suspends the history itself. */
  actionOwnsHistory = false;
  /** Another plugin is in a modal state. */
  blocked = false;
  /** Called after each `putPixels`: the moment for a test to cancel. */
  onWrite: (() => void | Promise<void>) | null = null;
  private scope: ModalScope | null = null;
  private ids = 100;
  private readonly listeners: { events: string[]; notify: (event: string, descriptor: object) => void }[] = [];

  // What the person does.

  openDocument(picture: NewPicture): FakeDocument {
    const { width, height, mode = 'RGBColorMode', depth = 8, resolution = 300 } = picture;
    const profile = picture.profile ?? (mode === 'grayscaleMode' ? 'Gray Gamma 2.2' : 'sRGB IEC61966-2.1');
    const layers = picture.pixel
      ? [
          layerState(
            this.nextId(),
            picture.background ? 'Background' : 'Layer 1',
            this.draw({ left: 0, top: 0, right: width, bottom: height }, mode, depth, picture.pixel),
            {
              background: picture.background ?? false,
              allLocked: picture.background ?? false,
            },
          ),
        ]
      : [];
    const state = { width, height, layers, active: layers.map(({ id }) => id), selection: null, channels: [] };
    return this.adopt(picture.name ?? 'Untitled-1', { mode, depth, profile, resolution }, state);
  }

  /** Draws pixels for a layer: values of 0..1, alpha last, in the depth and mode of a document. */
  draw(edges: Edges, mode: Mode, depth: Depth, pixel: (x: number, y: number) => readonly number[]): Plane {
    const components = componentsOf(mode);
    const plane = makePlane(edges, components, true, depth);
    for (let y = edges.top; y < edges.bottom; y++) {
      for (let x = edges.left; x < edges.right; x++) {
        const values = pixel(x, y);
        for (let c = 0; c < components; c++) {
          const value = (values[c] ?? 1) * white[depth];
          plane.data[indexOf(plane, x, y) + c] = depth === 32 ? value : Math.round(value);
        }
      }
    }
    return plane;
  }

  /** Adds a layer on top, as a person would, and makes it the active one. */
  addLayer(document: FakeDocument, name: string, plane: Plane | null, more: Partial<LayerState> = {}): FakeLayer {
    const layer = layerState(this.nextId(), name, plane, more);
    document.state.layers.unshift(layer);
    document.state.active = [layer.id];
    document.push(`New ${name}`);
    return new FakeLayer(document, layer.id);
  }

  select(document: FakeDocument, edges: Edges, shape: (x: number, y: number) => number = () => 255): void {
    select(document, edges, shape);
    document.push('Marquee');
    this.notify('set');
  }

  /** A brush stroke: a change of the picture that nobody asked us about. */
  edit(document: FakeDocument): void {
    document.push('Brush Tool');
    this.notify('historyStateChanged');
  }

  close(document: FakeDocument): void {
    this.documents.splice(this.documents.indexOf(document), 1);
    if (this.active === document) this.active = this.documents[0] ?? null;
    this.notify('close');
  }

  undo(document: FakeDocument): void {
    document.history.pop();
    document.state = copyState(document.activeHistoryState.state);
  }

  /** Esc, or the button of the progress dialog. */
  cancel(): void {
    const { scope } = this;
    if (!scope || scope.context.isCancelled) return;
    scope.context.isCancelled = true;
    scope.context.onCancel?.({ reason: 'user' });
  }

  get isModal(): boolean {
    return this.scope !== null;
  }

  /** Plays a recorded step on the active document. With `again`, what the handler returns replaces the step's info. */
  async playStep(step: RecordedStep, { again = false } = {}): Promise<void> {
    const handler = (globalThis as Record<string, unknown>)[step.methodName];
    if (typeof handler !== 'function') throw new Error('Script action failed.');
    const info = JSON.parse(JSON.stringify(step.info)) as Record<string, unknown>;
    const result = await this.modal((context) => handler(context, info) as Promise<unknown>, true);
    if (again && result !== undefined) step.info = JSON.parse(JSON.stringify(result)) as Record<string, unknown>;
  }

  // What the plugin is given.

  get api(): PhotoshopApi {
    const { imaging, documents } = this;
    const own = () => this.active;
    const activate = (document: FakeDocument) => {
      this.requireModal('activeDocument');
      this.active = this.documentOf(document.id);
    };
    const api = {
      app: {
        documents,
        get activeDocument() {
          return own();
        },
        set activeDocument(document) {
          activate(document!);
        },
        createDocument: (options: Parameters<FakePhotoshop['createDocument']>[0]) => this.createDocument(options),
      },
      core: {
        executeAsModal: (work: (context: FakeContext) => Promise<unknown>, options: { commandName: string }) => {
          if (!options?.commandName) throw new Error('commandName is missing.');
          return this.modal(work, false);
        },
      },
      action: {
        batchPlay: (commands: Record<string, never>[]) => this.batchPlay(commands),
        recordAction: (step: { name: string; methodName: string }, info: unknown) => this.recordAction(step, info),
        addNotificationListener: async (events: string[], notify: (event: string, descriptor: object) => void) => {
          this.listeners.push({ events, notify });
        },
      },
      constants,
      imaging,
    };
    // The double has what LWay uses of Photoshop's classes, not all that they have.
    return api as unknown as PhotoshopApi;
  }

  // Inside.

  nextId(): number {
    return ++this.ids;
  }

  documentOf(id: number | undefined): FakeDocument {
    const document = id === undefined || id < 0 ? this.active : this.documents.find((one) => one.id === id);
    if (!document) throw new Error('The document does not exist.');
    return document;
  }

  requireModal(what: string): void {
    if (!this.scope) {
      throw new Error(
        `${what}: the command may modify the state of Photoshop and is only allowed inside a modal scope.`,
      );
    }
    this.refuseWhenCancelled();
  }

  refuseWhenCancelled(): void {
    if (this.scope?.context.isCancelled) throw new Error('User cancelled the operation.');
  }

  /** Not every command takes a document's id: some work on whatever is in front. */
  requireActive(document: FakeDocument, what: string): void {
    if (this.active !== document) throw new Error(`${what}: the document is not the active one.`);
  }

  mutateNow<T>(document: FakeDocument, name: string, change: () => T): T {
    this.requireModal(name);
    if (!this.documents.includes(document)) throw new Error('The document does not exist.');
    const result = change();
    document.push(name);
    return result;
  }

  async mutate<T>(document: FakeDocument, name: string, change: () => T): Promise<T> {
    this.requireModal(name);
    await tick();
    return this.mutateNow(document, name, change);
  }

  async afterWrite(): Promise<void> {
    await this.onWrite?.();
    await tick();
  }

  private notify(event: string): void {
    if (this.scope) return; // silenced while modal
    for (const { events, notify } of this.listeners) if (events.includes(event)) notify(event, {});
  }

  private adopt(name: string, traits: FakeDocument['traits'], state: FakeDocument['state']): FakeDocument {
    const document = new FakeDocument(this, this.nextId(), name, traits, state);
    this.documents.push(document);
    this.active = document;
    this.notify('open');
    return document;
  }

  private async createDocument(options: {
    name?: string;
    width: number;
    height: number;
    resolution: number;
    mode: Mode;
    depth: Depth;
    fill: string;
    profile?: string;
  }): Promise<FakeDocument> {
    this.requireModal('createDocument');
    await tick();
    this.requireModal('createDocument');
    const { name = 'Untitled', width, height, resolution, mode, depth, fill, profile } = options;
    if (![8, 16, 32].includes(depth)) throw new Error('createDocument: no such depth.');
    if (profile !== undefined && !profiles.includes(profile)) throw new Error(`createDocument: no profile ${profile}.`);
    if (!Object.values<string>(constants.NewDocumentMode).includes(mode))
      throw new Error('createDocument: no such mode.');
    if (fill !== constants.DocumentFill.TRANSPARENT) throw new Error('createDocument: this fill is not doubled.');
    const traits = { mode, depth, resolution, profile: profile ?? 'sRGB IEC61966-2.1' };
    const document = this.adopt(name, traits, { width, height, layers: [], active: [], selection: null, channels: [] });
    document.state.layers.push(document.emptyLayer('Layer 1'));
    document.state.active = [document.state.layers[0]!.id];
    return document;
  }

  private async modal(work: (context: FakeContext) => Promise<unknown>, isAction: boolean): Promise<unknown> {
    await tick();
    if (this.scope || this.blocked) {
      const who = this.blocked ? 'com.example.other' : 'com.lway';
      throw Object.assign(new Error(`Plugin: ${who} is running a modal command`), { number: 9 });
    }
    const scope: ModalScope = { context: this.context(isAction), autoClose: new Set(), suspensions: new Map() };
    this.scope = scope;
    try {
      const result = await work(scope.context);
      this.endScope(scope, true);
      return result;
    } catch (error) {
      this.endScope(scope, false);
      throw error;
    }
  }

  private endScope(scope: ModalScope, commit: boolean): void {
    for (const [suspension, document] of scope.suspensions) this.resume(scope, suspension, document, commit);
    this.scope = null;
    for (const id of scope.autoClose) {
      const document = this.documents.find((one) => one.id === id);
      if (document) this.close(document);
    }
  }

  private resume(scope: ModalScope, suspension: object, document: FakeDocument, commit: boolean): void {
    scope.suspensions.delete(suspension);
    const { suspended } = document;
    document.suspended = null;
    if (!suspended?.changed) return;
    if (commit) document.push((suspension as { finalName?: string }).finalName ?? suspended.name);
    else document.state = suspended.before;
  }

  private context(isAction: boolean): FakeContext {
    const current = (): ModalScope => {
      if (!this.scope) throw new Error('The modal scope has ended.');
      this.refuseWhenCancelled();
      return this.scope;
    };
    return {
      isCancelled: false,
      onCancel: undefined,
      reportProgress: (progress) => void this.progress.push(progress),
      hostControl: {
        suspendHistory: async ({ documentID, name }) => {
          await tick();
          const scope = current();
          if (isAction && this.actionOwnsHistory) return OWNED_BY_ACTION;
          const document = this.documentOf(documentID);
          if (document.suspended) throw new Error('The history is suspended already.');
          document.suspended = { name, before: copyState(document.state), changed: false };
          const suspension = { historySuspensionID: this.nextId() };
          scope.suspensions.set(suspension, document);
          return suspension;
        },
        resumeHistory: async (suspension, commit = true) => {
          await tick();
          const scope = current();
          const document = scope.suspensions.get(suspension as object);
          if (!document) throw new Error('There is no such suspension.');
          this.resume(scope, suspension as object, document, commit);
        },
        registerAutoCloseDocument: async (id) => void current().autoClose.add(id),
        unregisterAutoCloseDocument: async (id) => void current().autoClose.delete(id),
      },
    };
  }

  private async recordAction(step: { name: string; methodName: string }, info: unknown): Promise<void> {
    await tick();
    if (typeof step.methodName !== 'string') throw new Error('Unsupported napi type');
    if (typeof info !== 'object' || info === null) throw new Error('Argument 2 is missing');
    if (!this.isRecording) throw new Error('No action is being recorded.');
    this.recorded.push({ ...step, info: JSON.parse(JSON.stringify(info)) as Record<string, unknown> });
  }

  private async batchPlay(commands: Record<string, unknown>[]): Promise<object[]> {
    this.requireModal('batchPlay');
    await tick();
    return commands.map((command) => {
      this.requireModal('batchPlay');
      const target = command._target as { _ref: string; _id: number }[] | undefined;
      switch (command._obj) {
        case 'get': {
          const { layer } = this.documentOf(target![1]!._id).place(target![0]!._id);
          return {
            hasUserMask: layer.mask !== null,
            userMaskEnabled: layer.mask ? layer.maskEnabled : undefined,
            userMaskDensity: layer.mask ? layer.maskDensity : undefined,
            userMaskFeather: layer.mask ? { _unit: 'pixelsUnit', _value: layer.maskFeather } : undefined,
            hasVectorMask: layer.vectorMask !== null,
            vectorMaskEnabled: layer.vectorMask ? true : undefined,
            vectorMaskDensity: layer.vectorMask ? 255 : undefined,
          };
        }
        case 'select': {
          const document = this.documentOf(target![1]!._id);
          this.active = document;
          document.state.active = [document.place(target![0]!._id).layer.id];
          return {};
        }
        case 'make': {
          const document = this.documentOf(undefined);
          this.mutateNow(document, 'Add Layer Mask', () => {
            const layer = findPlace(document.state.layers, document.state.active[0]!)!.layer;
            if (layer.mask) throw new Error('The layer has a mask already.');
            const canvas = { left: 0, top: 0, right: document.width, bottom: document.height };
            layer.mask = makePlane(canvas, 1, false, 8);
            const { _value } = command.using as { _value: string };
            if (!['hideAll', 'revealAll'].includes(_value))
              throw new Error(`make: a mask of ${_value} is not doubled.`);
            if (_value === 'revealAll') layer.mask.data.fill(255);
            if (layer.allLocked) throw new Error('The layer is locked.');
          });
          return {};
        }
        default:
          throw new Error(`batchPlay: ${String(command._obj)} is not doubled.`);
      }
    });
  }
}
