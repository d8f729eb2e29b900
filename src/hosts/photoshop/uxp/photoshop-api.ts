import type { action, app, constants, core, imaging } from 'photoshop';

type Imaging = typeof imaging;
type Action = typeof action;
export type PsDocument = (typeof app)['activeDocument'];
export type PsLayer = PsDocument['layers'][number];
export type Descriptor = Parameters<Action['batchPlay']>[0][number];

/** What modal work is given, with the parts that @types/photoshop gets wrong put right. */
export type ModalContext = Parameters<Parameters<(typeof core)['executeAsModal']>[0]>[0];

/**
 * `require('photoshop')`, or a double of it: handed to everything on this side, so that the same code runs in tests.
 * Where @types/photoshop 25 and Adobe's reference disagree, the reference is right: `targetBounds` needs `left` and `top`
 * only, `getData` takes no options, `recordAction` exists (25.0), `executeAsModal` has `timeOut` (25.10).
 */
export interface PhotoshopApi {
  app: Pick<typeof app, 'activeDocument' | 'documents' | 'createDocument'>;
  core: {
    executeAsModal<T>(
      work: (context: ModalContext) => Promise<T>,
      options: { commandName: string; interactive?: boolean; timeOut?: number },
    ): Promise<T>;
  };
  action: Pick<Action, 'batchPlay' | 'addNotificationListener'> & {
    recordAction(step: { name: string; methodName: string }, info: object): Promise<void>;
  };
  constants: typeof constants;
  imaging: Pick<Imaging, 'getPixels' | 'getLayerMask' | 'getSelection'> & {
    createImageDataFromBuffer(
      data: Uint8Array | Uint16Array | Float32Array,
      options: Parameters<Imaging['createImageDataFromBuffer']>[1],
    ): Promise<ImageData>;
    putPixels(options: PutOptions): Promise<void>;
    putLayerMask(options: PutOptions): Promise<void>;
  };
}
export type ImageData = Awaited<ReturnType<Imaging['getPixels']>>['imageData'];
export type Bounds = Awaited<ReturnType<Imaging['getPixels']>>['sourceBounds'];

export interface PutOptions {
  documentID: number;
  layerID: number;
  imageData: ImageData;
  replace: boolean;
  targetBounds: { left: number; top: number };
  commandName?: string;
}

/** Files of the plugin's own, for pieces that memory has no room for. */
export interface TemporaryFiles {
  write(name: string, data: ArrayBuffer): Promise<void>;
  read(name: string): Promise<ArrayBuffer>;
  remove(name: string): Promise<void>;
}
