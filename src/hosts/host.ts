import { type PictureInfo, type PixelSource, type Rect, relativeTo, type TileStore } from '../engine';

/** What an editor can do; the panel offers nothing else. */
export interface HostCapabilities {
  readonly bitDepths: readonly (8 | 16 | 32)[];
  /** The whole upscale is one undo step. */
  readonly singleUndo: boolean;
  readonly destinations: readonly Destination[];
  /** Longest side and number of pixels a document may have here. */
  readonly maxSide: number;
  readonly maxPixels: number;
}

/** `layer`: above the original in the document enlarged by the scale; `document`: a new document with one layer. */
export type Destination = 'layer' | 'document';

export interface LayerSummary {
  readonly id: string;
  readonly name: string;
  /** Where the layer's pixels lie in the document; empty (0×0) when it has none. */
  readonly bounds: Rect;
  /** Size of the layer's own pixels, where the document shows them at another one. */
  readonly own?: { readonly width: number; readonly height: number };
  /** The layer that this one was upscaled from, while it is there. */
  readonly madeFrom?: { readonly id: string; readonly name: string };
}

/** The pixels of its own that a layer shows in `area` of the document, which lies inside its bounds: all that it touches. */
export function ownRect({ bounds, own }: Pick<LayerSummary, 'bounds' | 'own'>, area: Rect): Rect {
  const { x, y, width, height } = relativeTo(area, bounds);
  if (!own) return { x, y, width, height };
  const axis = (start: number, length: number, shown: number, pixels: number): [number, number] => {
    const first = Math.min(pixels - 1, Math.floor((start * pixels) / shown));
    return [first, Math.min(pixels, Math.max(first + 1, Math.ceil(((start + length) * pixels) / shown))) - first];
  };
  const [left, wide] = axis(x, width, bounds.width, own.width);
  const [top, high] = axis(y, height, bounds.height, own.height);
  return { x: left, y: top, width: wide, height: high };
}

/** The active document, as far as the panel shows it. */
export interface DocumentSummary {
  readonly id: string;
  readonly name: string;
  readonly width: number;
  readonly height: number;
  readonly bitDepth: 8 | 16 | 32;
  readonly activeLayer: LayerSummary | null;
  /** Bounds of the selection inside the document, null when nothing is selected. */
  readonly selection: Rect | null;
}

/** The pixels of a layer or region, opened for one upscale, and the way back into the document. */
export interface OpenedTarget {
  /** Document and layer they came from. */
  readonly documentId: string;
  readonly layerId: string;
  readonly layerName: string;
  /** Where the pixels lie in the document. */
  readonly bounds: Rect;
  /** The layer's own pixels, as many as it has, whatever size the document shows them at. */
  readonly source: PixelSource;
  /** Which of the layer's own pixels they are, where that says more than `bounds`. */
  readonly own?: Rect;
  /**
   * Whether a result of this size can be written; called before any work starts.
   * @throws LWayError `too-large`
   */
  check(destination: Destination, width: number, height: number): void;
  /**
   * Writes the result, which takes the shape of the selection: one undo step where the editor allows, all or nothing.
   * @returns where it is, from hosts that can find it again
   * @throws LWayError `document-changed` where document or layer are no longer what they were
   */
  commit(signal: AbortSignal, request: CommitRequest): Promise<PlacedResult | void>;
  /**
   * Opens a result as a document of its own where the one that it was made from is gone, with what its file said. After
   * `close`, too. Missing where that cannot be.
   */
  rescue?(signal: AbortSignal, request: Omit<CommitRequest, 'destination'>): Promise<PlacedResult>;
  /** Releases what was held for reading. Safe to call twice. */
  close(): Promise<void>;
}

export interface CommitRequest {
  readonly destination: Destination;
  /** The finished result; `result.info` has its size. Read once, piece by piece. */
  readonly result: PixelSource & { readonly info: PictureInfo };
  readonly layerName: string;
  /** What it was made with, for editors that say it beside the name: “LWay Crisp, matched”. */
  readonly made?: string;
  /** 0..1 while writing. */
  readonly onProgress?: (done: number) => void;
}

/** A result where it has been placed. */
export interface PlacedResult {
  readonly documentId: string;
  readonly layerId: string;
}

/**
 * An editor, as LWay sees it. One contract suite (tests/hosts/contract.ts) runs over every implementation.
 * All methods reject with `LWayError`, or with the signal's reason when cancelled; a rejected commit leaves the document as it was.
 */
export interface EditorHost {
  readonly name: string;
  readonly capabilities: HostCapabilities;
  /** The active document, null where none is open. */
  describe(signal: AbortSignal): Promise<DocumentSummary | null>;
  /**
   * Opens the active layer, or the part of it inside the selection, for reading.
   * @throws LWayError `unsupported` with what to do (empty, locked, wrong mode…)
   */
  open(signal: AbortSignal, target: 'layer' | 'region'): Promise<OpenedTarget>;
  /**
   * Where the result is to be kept while it is made, for hosts that can take finished pieces early: they travel while the
   * next are computed. The target's `commit` knows the store again.
   *
   * @param store the home that the result would have had
   */
  stage?(store: TileStore): TileStore;
  /**
   * Puts other pixels of the same size into a placed result, as one undo step called `label`; its layer takes that name.
   * Missing where the editor cannot do that.
   * @throws LWayError `document-changed` where the layer is gone
   */
  replace?(
    signal: AbortSignal,
    placed: PlacedResult,
    request: Pick<CommitRequest, 'result' | 'onProgress'> & { readonly label: string },
  ): Promise<void>;
  /** Makes a layer of the active document the active one. Missing where the person has to. */
  activateLayer?(id: string): void;
  /** Calls back when the active document, layer or selection may have changed. Returns how to stop. */
  onChange(listener: () => void): () => void;
  /** Tells the host that an upscale has finished with these settings, so that it can record it (Photoshop's Actions). */
  record?(settings: unknown): Promise<void>;
}
