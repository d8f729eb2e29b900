import { convert, type BroughtFile } from '../conversion';
import { LWayError } from '../common/errors';
import { fitPorts, type Fitted } from '../network/fit-ports';
import type { Network } from '../network/registry';
import type { Runtime } from '../runtime/runtime';
import { BorderLost, inspectNetwork, type SaidOfNetwork } from './inspect-network';

/** A network as a person brings it. */
export interface Brought {
  readonly file: BroughtFile;
  /** The other file of an ncnn pair. */
  readonly companion?: BroughtFile;
  /** For people: the file's name without its ending. */
  readonly name: string;
  readonly said?: SaidOfNetwork;
}

const MOST_ROUNDS = 3;

/** White of the ranges that networks have. */
const WHITES = [1, 255];

/**
 * Makes a network of whatever a person brings: turned into ONNX, with one picture of three channels in and out
 * ({@link fitPorts}), and looked at and tried ({@link inspectNetwork}).
 *
 * @param runtime a CPU device
 * @throws LWayError `bad-model` with the reason why it cannot be used
 */
export async function takeIn(signal: AbortSignal, brought: Brought, runtime: Runtime): Promise<Network> {
  const { file, companion, name } = brought;
  const { bytes, architecture, input } = convert(file, companion);
  // A person may know better: a network can have been trained otherwise than all others of its family.
  const { range = input?.range, channels = input?.channels, ...others } = brought.said ?? {};
  const said = { range, channels, ...others };
  signal.throwIfAborted();
  const { network, notes } = await fitted(signal, bytes, runtime, name, said);
  const read = architecture && `${architecture} network, read from ${file.name}`;
  const sentences = [read, ...notes].flatMap((each) => (each ? [`${each[0]!.toUpperCase()}${each.slice(1)}.`] : []));
  return sentences.length === 0
    ? network
    : { entry: { ...network.entry, description: sentences.join(' ') }, bytes: network.bytes };
}

async function fitted(
  signal: AbortSignal,
  bytes: Uint8Array,
  runtime: Runtime,
  name: string,
  said: SaidOfNetwork,
): Promise<{ network: Network; notes: Fitted['notes'] }> {
  const { values } = said;
  let opacity = false;
  const look = async (fit: Fitted) => {
    const entry = await inspectNetwork(signal, fit.bytes, runtime, name, said);
    return { network: { entry, bytes: fit.bytes }, notes: fit.notes };
  };
  const whole = async (white: number) => {
    // Of small pictures some networks lose less than of others: what is still missing is added.
    for (let border = 0, round = 0; ; round++) {
      const fit = fitPorts(bytes, { values, white, border });
      opacity = fit.opacity;
      try {
        return await look(fit);
      } catch (error) {
        if (!(error instanceof BorderLost)) throw error;
        if (round === MOST_ROUNDS) throw uneven();
        border += error.border;
      }
    }
  };
  let failure: unknown;
  for (const white of said.range ? [said.range[1]] : WHITES) {
    try {
      return await whole(white);
    } catch (error) {
      // How much white is matters to a fourth channel only.
      if (!opacity || !(error instanceof LWayError) || error.code !== 'bad-model') throw error;
      failure ??= error;
    }
  }
  throw failure;
}

const uneven = (): LWayError =>
  new LWayError('bad-model', 'This network trims a border whose width varies.', 'Choose another network.');
