import type { Channels } from '../../../engine';
import type { SampleType } from '../protocol';

export type Samples = Uint8Array | Uint16Array | Float32Array;

/** White of Photoshop's own 16 bit (Adobe, Imaging API, "PhotoshopImageData"). */
export const WHITE_16 = 32768;

export function typeOf(samples: Samples): SampleType {
  return samples instanceof Uint8Array ? 'u8' : samples instanceof Uint16Array ? 'u16' : 'f32';
}

export function whiteOf(type: SampleType): number {
  return type === 'u8' ? 255 : type === 'u16' ? WHITE_16 : 1;
}

export function bytesOf(samples: Samples): Uint8Array {
  return new Uint8Array(samples.buffer, samples.byteOffset, samples.byteLength);
}

/** @param bytes as attachments arrive: at the start of a buffer of their own */
export function samplesOf(type: SampleType, bytes: Uint8Array): Samples {
  if (type === 'u8') return bytes;
  const aligned = bytes.byteOffset % 4 === 0 ? bytes : bytes.slice();
  const Type = type === 'u16' ? Uint16Array : Float32Array;
  return new Type(aligned.buffer as ArrayBuffer, aligned.byteOffset, aligned.byteLength / Type.BYTES_PER_ELEMENT);
}

/** Leaves out an alpha channel that is white everywhere: a quarter less to carry. Interleaved, alpha last. */
export function withoutOpaqueAlpha(samples: Samples, channels: Channels): { samples: Samples; channels: Channels } {
  if (channels % 2 === 1) return { samples, channels };
  const white = whiteOf(typeOf(samples));
  for (let i = channels - 1; i < samples.length; i += channels) if (samples[i] !== white) return { samples, channels };
  const fewer = (channels - 1) as Channels;
  const Type = samples.constructor as new (length: number) => Samples;
  const opaque = new Type((samples.length / channels) * fewer);
  for (let from = 0, to = 0; from < samples.length; from++) {
    for (let c = 0; c < fewer; c++) opaque[to++] = samples[from++]!;
  }
  return { samples: opaque, channels: fewer };
}
