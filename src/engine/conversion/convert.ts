import { LWayError } from '../common/errors';
import { writeGraph, type Graph } from '../graph';
import type { ImageInput } from '../network/registry';
import { architectures } from './architectures';
import { unsupportedArchitecture } from './unsupported-architectures';
import { isParam, readNcnn } from './ncnn';
import { isPytorch, readPytorch } from './pytorch';
import { isSafetensors, readSafetensors } from './safetensors';
import { refuse, type Weight, type Weights } from './weights';

/** What a file is, told by its first bytes; 'bin' only by its name, since ncnn's weights have no mark. */
export type FileKind = 'onnx' | 'safetensors' | 'pytorch' | 'param' | 'bin' | 'other';

export interface BroughtFile {
  /** With its ending, without folders. */
  readonly name: string;
  readonly bytes: Uint8Array;
}

export interface Converted {
  /** An ONNX file. */
  readonly bytes: Uint8Array;
  /** The family that the weights belong to; nothing for files that were ONNX. */
  readonly architecture?: string;
  /** What all networks of the family take, as far as that is known. */
  readonly input?: Partial<Pick<ImageInput, 'channels' | 'range'>>;
}

/** PyTorch's networks of all families that are built here: what their training programs give them. */
const BUILT = { channels: 'RGB', range: [0, 1] } as const;

export function kindOf({ name, bytes }: BroughtFile): FileKind {
  if (isSafetensors(bytes)) return 'safetensors';
  if (isParam(bytes)) return 'param';
  if (isPytorch(bytes)) return 'pytorch';
  if (/\.bin$/i.test(name)) return 'bin';
  return /\.onnx$/i.test(name) ? 'onnx' : 'other';
}

/** Formats that people try, and what to do with them. */
const OTHERS: readonly (readonly [RegExp, string, string])[] = [
  [/\.(tflite|lite)$/i, 'a TensorFlow Lite file', 'Convert it with tf2onnx (python -m tf2onnx.convert --tflite …).'],
  [/\.(pb|h5|keras)$/i, 'a TensorFlow file', 'Convert it with tf2onnx.'],
  [/\.(engine|plan|trt)$/i, 'a TensorRT file, made for one graphics card', 'Get the .onnx file it was made from.'],
  [/\.(mlmodel|mlpackage)$/i, 'a Core ML file', 'Get this network as .onnx, .pth or .safetensors.'],
  [/\.(xml)$/i, 'an OpenVINO file', 'Get the .onnx file it was made from.'],
  [/\.(json)$/i, 'a JSON file (old waifu2x networks are)', 'Get the ncnn version of this network.'],
  [
    /\.(pth|pt|ckpt|safetensors)$/i,
    'damaged, or not what its name says',
    'Download it again, or get the .onnx file of this network.',
  ],
  [/\.(zip|7z|rar)$/i, 'an archive', 'Unpack it and choose the network in it.'],
];

/**
 * Turns a file that a person brought into an ONNX file; one that is ONNX passes unchanged.
 *
 * @param companion the other file of an ncnn pair
 * @throws LWayError `bad-model`, saying what the file is and how to convert it
 */
export function convert(file: BroughtFile, companion?: BroughtFile): Converted {
  switch (kindOf(file)) {
    case 'onnx':
      return { bytes: file.bytes };
    case 'safetensors':
      return fromWeights(readSafetensors(file.bytes));
    case 'pytorch':
      return fromWeights(readPytorch(file.bytes));
    case 'param':
      if (companion === undefined) {
        throw refuse(`"${file.name}" is half of an ncnn network.`, 'Add the .bin file of the same name with it.');
      }
      // The programs that these files are made for give red first.
      return {
        bytes: written(() => readNcnn(file.bytes, companion.bytes)),
        architecture: 'ncnn',
        input: { channels: 'RGB' },
      };
    case 'bin':
      if (companion !== undefined && kindOf(companion) === 'param') return convert(companion, file);
      throw refuse(
        `"${file.name}" holds weights without their network.`,
        'If it comes from ncnn, add the .param file of the same name with it.',
      );
    case 'other': {
      const known = OTHERS.find(([ending]) => ending.test(file.name));
      // Files without a telling name may be ONNX all the same: the reader says what is wrong with them.
      if (known === undefined) return { bytes: file.bytes };
      throw refuse(`"${file.name}" is ${known[1]}, which cannot be read.`, known[2]);
    }
  }
}

function fromWeights(read: Weights): Converted {
  if (read.size === 0) throw refuse('This file holds no weights.', 'Choose another file.');
  const weights = withoutPrefix(read);
  const architecture = architectures.find((each) => each.fits(weights));
  if (architecture === undefined) {
    const known = unsupportedArchitecture(weights.keys());
    const names = `${weights.size}: ${[...weights.keys()].slice(0, 3).join(', ')}, …`;
    throw refuse(
      `${known === undefined ? `These weights (${names}) are` : `This is ${known}, which is`} no network that can be built from weights alone: those are ${architectures.map(({ name }) => name).join(', ')}.`,
      'Get the network as an .onnx file, or convert it with chaiNNer (Convert To ONNX).',
    );
  }
  return { bytes: written(() => architecture.build(weights)), architecture: architecture.name, input: BUILT };
}

/** Of shapes that do not fit each other come sizes that no network can have, such as half a pixel. */
function written(build: () => Graph): Uint8Array {
  try {
    return writeGraph(build());
  } catch (error) {
    if (!(error instanceof LWayError && error.code === 'bad-graph')) throw error;
    throw refuse('The layers of this network do not fit each other.', 'Get it as an .onnx file.', error);
  }
}

/** Wrappers around the network that training programs leave in all names. */
const PREFIXES = ['module.', '_orig_mod.', 'netG.', 'net_g.', 'generator.'];

function withoutPrefix(weights: Weights): Weights {
  const prefix = PREFIXES.find((each) => [...weights.keys()].every((key) => key.startsWith(each)));
  if (prefix === undefined) return weights;
  return withoutPrefix(
    new Map([...weights].map(([key, weight]): [string, Weight] => [key.slice(prefix.length), weight])),
  );
}
