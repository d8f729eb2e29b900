import { LWayError, type PictureInfo, type TileStore } from '../../engine';
import type { CommitRequest, Destination, DocumentSummary, EditorHost, HostCapabilities, OpenedTarget } from '../host';
import { enlarged } from '../shared/enlarging';
import { abortError } from './bridge/bridge';
import { PSB_MAX_SIDE, PSD_MAX_SIDE, type PhotoshopBridge, type TargetInfo } from './protocol';
import { RemoteSource } from './remote-source';
import { Stage, StagedStore } from './stage';

/** Photoshop, seen from the page: every call goes over the bridge to `uxp/server.ts`. */
export class PhotoshopHost implements EditorHost {
  readonly name = 'Photoshop';
  readonly capabilities: HostCapabilities = {
    bitDepths: [8, 16, 32],
    singleUndo: true,
    destinations: ['layer', 'document'],
    maxSide: PSB_MAX_SIDE,
    maxPixels: PSB_MAX_SIDE * PSB_MAX_SIDE,
  };

  /**
   * @param onFinished hears of each finished upscale; gives what Photoshop is to keep in the recorded step
   * @param onNotice hears what is not as one may expect about an opened layer
   */
  constructor(
    private readonly bridge: PhotoshopBridge,
    private readonly onFinished: (settings: unknown) => Record<string, unknown>,
    private readonly onNotice: (message: string) => void = () => undefined,
  ) {}

  async describe(signal: AbortSignal): Promise<DocumentSummary | null> {
    const { value } = await this.bridge.request(signal, 'describe');
    return value;
  }

  async open(signal: AbortSignal, target: 'layer' | 'region'): Promise<OpenedTarget> {
    const { value: details } = await this.bridge.request(signal, 'open', { target });
    const { token, bounds } = details;
    for (const notice of details.notices) this.onNotice(notice);
    const life = new AbortController();
    const info: PictureInfo = {
      width: bounds.width,
      height: bounds.height,
      channels: details.channels,
      bitDepth: details.bitDepth,
      encoding: details.linear ? 'linear' : 'display',
      resolution: details.resolution,
    };
    const source = new RemoteSource(
      info,
      async (column, row) => {
        const answer = await this.bridge.request(life.signal, 'read', { token, column, row });
        return { header: answer.value, bytes: answer.bytes ?? new Uint8Array(0) };
      },
      life.signal,
    );
    let closing: Promise<void> | undefined;
    return {
      documentId: details.documentId,
      layerId: details.layerId,
      layerName: details.layerName,
      bounds,
      source,
      check: (destination, width, height) => check(details, destination, width, height),
      commit: (commitSignal, request) => this.commit(commitSignal, details, request),
      close: () => (closing ??= this.closeTarget(token, life)),
    };
  }

  /** A store whose finished pieces travel to Photoshop while the next ones are computed. */
  stage(store: TileStore): TileStore {
    return new StagedStore(store, (signal, bitDepth) => Stage.open(this.bridge, signal, bitDepth));
  }

  private async commit(signal: AbortSignal, target: TargetInfo, request: CommitRequest): Promise<void> {
    const { destination, result, layerName, onProgress } = request;
    const { width, height } = result.info;
    check(target, destination, width, height);
    const staged = result instanceof StagedStore ? result : null;
    const ready = (await staged?.staged()) ?? null;
    const stage = ready ?? (await Stage.open(this.bridge, signal, target.bitDepth));
    // Carrying and writing take about as long as each other.
    const share = ready ? 0 : 0.5;
    try {
      if (!ready) await stage.writeAll(signal, result, (done) => onProgress?.(share * done));
      const params = { token: target.token, stage: stage.id, destination, width, height, layerName };
      await this.bridge.request(signal, 'commit', params, {
        onProgress: (done) => onProgress?.(share + (1 - share) * done),
      });
      await staged?.release();
    } finally {
      // A staged result that could not be written may be wanted again.
      if (!ready) await stage.drop();
    }
    onProgress?.(1);
  }

  onChange(listener: () => void): () => void {
    return this.bridge.on('changed', listener);
  }

  async record(settings: unknown): Promise<void> {
    // The upscale is done: that it could not be recorded must not undo it.
    await this.bridge
      .request(new AbortController().signal, 'record', { info: this.onFinished(settings) })
      .catch(() => undefined);
  }

  private async closeTarget(token: string, life: AbortController): Promise<void> {
    life.abort(abortError('The layer has been closed.'));
    await this.bridge.request(new AbortController().signal, 'close', { token }).catch(() => undefined);
  }
}

function check(target: TargetInfo, destination: Destination, width: number, height: number): void {
  const { documentWidth, documentHeight, maxSide, bounds } = target;
  const inDocument = destination === 'layer';
  const after = { width, height };
  const size = inDocument ? enlarged({ width: documentWidth, height: documentHeight }, bounds, after) : after;
  const side = Math.max(size.width, size.height);
  const limit = inDocument ? maxSide : PSB_MAX_SIDE;
  if (side <= limit) return;
  const advice =
    limit === PSD_MAX_SIDE
      ? 'Save the document as Large Document Format (.psb), choose “new document” as the destination, or a smaller scale.'
      : 'Choose a smaller scale, or upscale a part of the picture.';
  throw new LWayError(
    'too-large',
    `${inDocument ? 'The document' : 'The new document'} would be ${side} pixels long; ${limit === PSD_MAX_SIDE ? 'a .psd file' : 'Photoshop'} holds ${limit}.`,
    advice,
  );
}
