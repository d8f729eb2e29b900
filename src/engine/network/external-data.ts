import { fromBinary, toBinary } from '@bufbuild/protobuf';
import { ModelProtoSchema, TensorProto_DataLocation as Location, type GraphProto, type TensorProto } from 'onnx-buf';
import { LWayError } from '../common/errors';
import { parseOnnx } from '../common/onnx-file';
import { networkLimits } from './network-file';

/** Reads a file beside the network's, by the name that the network gives it. */
export type ReadBeside = (name: string) => Promise<Uint8Array>;

/** Whether weights of an ONNX file lie in other files; false for what is no ONNX file. */
export function hasExternalData(bytes: Uint8Array): boolean {
  try {
    const { graph } = parseOnnx(bytes);
    return graph !== undefined && tensorsOf(graph).some(isExternal);
  } catch {
    return false;
  }
}

/**
 * An ONNX file with the weights inside that it keeps in other files.
 *
 * @param read is only asked for files in the very folder of the network's
 * @throws LWayError `bad-model` where a name leads out of the folder, a file is too short, or all of it is too large
 */
export async function withDataInside(bytes: Uint8Array, read: ReadBeside): Promise<Uint8Array> {
  // Read anew: what is kept of a file nobody may change.
  const model = fromBinary(ModelProtoSchema, bytes);
  const files = new Map<string, Uint8Array>();
  let total = bytes.length;
  for (const tensor of tensorsOf(model.graph!).filter(isExternal)) {
    const said = new Map(tensor.externalData.map(({ key, value }) => [key, value]));
    const name = said.get('location') ?? '';
    if (name === '' || /[/\\:]|^\.\.?$/.test(name)) {
      throw refuse(
        `This network stores weights in "${name}", which is not in the same folder.`,
        'Export it as one file.',
      );
    }
    const file = files.get(name) ?? (await read(name));
    files.set(name, file);
    const begin = Number(said.get('offset') ?? 0);
    const length = Number(said.get('length') ?? file.length - begin);
    if (!(begin >= 0 && length >= 0 && begin + length <= file.length)) {
      throw refuse(`"${name}", which holds weights of this network, is too short.`, 'Download it again.');
    }
    total += length;
    if (total > networkLimits.bytes)
      throw refuse('Together with its weights, this network is too large.', 'Choose a smaller one.');
    tensor.rawData = new Uint8Array(file.subarray(begin, begin + length));
    tensor.externalData = [];
    tensor.dataLocation = Location.DEFAULT;
  }
  return toBinary(ModelProtoSchema, model);
}

const isExternal = (tensor: TensorProto): boolean =>
  tensor.dataLocation === Location.EXTERNAL || tensor.externalData.length > 0;

function tensorsOf(graph: GraphProto): TensorProto[] {
  const ofNodes = graph.node.flatMap(({ attribute }) =>
    attribute.flatMap(({ t, g }) => [...(t ? [t] : []), ...(g ? tensorsOf(g) : [])]),
  );
  return [...graph.initializer, ...ofNodes];
}

const refuse = (message: string, advice: string): LWayError => new LWayError('bad-model', message, advice);
