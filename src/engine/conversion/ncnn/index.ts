import type { Graph } from '../../graph';
import { NetworkBuilder } from '../network-builder';
import { damaged, refuse } from '../weights';
import { Bin } from './bin';
import { layers, type Blob } from './layers';
import { readParam, type Layer } from './param';

export { isParam } from './param';

/**
 * A network of ncnn (Upscayl, Real-ESRGAN-ncnn, waifu2x-ncnn) as a graph: its layers from the .param file, their
 * weights from the .bin file, in the same order.
 *
 * @throws LWayError `bad-model` where a layer is unknown or the files do not belong together
 */
export function readNcnn(param: Uint8Array, weights: Uint8Array): Graph {
  const all = readParam(param);
  const s = new NetworkBuilder('ncnn', new Map());
  const bin = new Bin(weights);
  const blobs = new Map<string, Blob>();
  let channelsIn = 0;
  for (const layer of all) {
    const write = layers[layer.type];
    if (write === undefined) {
      throw refuse(
        `This ncnn network has a layer of the type ${layer.type} ("${layer.name}"), which cannot be read yet.`,
        'Get this network as an .onnx, .pth or .safetensors file.',
      );
    }
    const inputs = layer.inputs.map((name) => blobs.get(name) ?? missing(name));
    if (layer.type === 'Input') {
      if (channelsIn > 0) throw refuse('This ncnn network has several inputs.', 'Choose one with a single picture.');
      channelsIn = inputChannels(all, layer);
    }
    const outputs = write({ s, bin, layer, settings: layer.settings, inputs, channelsIn });
    layer.outputs.slice(0, outputs.length).forEach((name, i) => blobs.set(name, outputs[i]!));
  }
  bin.end();
  const answer = answerOf(all, blobs);
  return s.finish(answer.value, { channelsIn, channelsOut: answer.channels });
}

function missing(name: string): never {
  throw damaged(`The value "${name}" is used before it is made; this .param file`);
}

/** Most files do not say how many channels the picture has: pictures in colour are meant, unless the first layer tells. */
function inputChannels(all: readonly Layer[], input: Layer): number {
  const given = input.settings.int(2, 0);
  if (given > 0) return given;
  const names = new Set(input.outputs);
  for (const layer of all) {
    if (!names.has(layer.inputs[0] ?? '')) continue;
    if (layer.type === 'Split') for (const name of layer.outputs) names.add(name);
    if (!layer.type.startsWith('Convolution')) continue;
    const { settings } = layer;
    const kernel = settings.count(1);
    const size = settings.count(0) * kernel * settings.int(11, kernel);
    return (settings.count(6) * settings.int(7, 1)) / size;
  }
  return 3;
}

/** What nothing else uses: named as such, or the last of it. */
function answerOf(all: readonly Layer[], blobs: ReadonlyMap<string, Blob>): Blob {
  const used = new Set(all.flatMap(({ inputs }) => inputs));
  const left = all.flatMap(({ outputs }) => outputs).filter((name) => !used.has(name));
  const name = left.find((each) => /^(output|out0)$/.test(each)) ?? left.at(-1);
  const blob = blobs.get(name ?? '');
  if (blob === undefined) throw damaged('This .param file');
  return blob;
}
