import type { DataType, Tensor } from './tensor';

/**
 * Integers, floats and texts as ONNX attributes hold them; which numbers are floats is known by name (write.ts). Graphs
 * are the branches of an `If`; they read the values around them by name.
 */
export type Attribute = number | string | readonly number[] | readonly string[] | Tensor | Graph;
export type Attributes = Readonly<Record<string, Attribute>>;

/** One operation of the default ONNX domain, in the form of {@link OPSET}. */
export interface Node {
  readonly name: string;
  readonly op: string;
  /** Names of values; an empty name is an optional input left out. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: Attributes;
}

/** An input or output. A dimension is a size, or the name of one that is fixed later. */
export interface ValueInfo {
  readonly name: string;
  readonly type: DataType;
  readonly shape: readonly (number | string)[];
}

/** An ONNX network as plain data. Nodes stand in an order in which they can run. */
export interface Graph {
  readonly name: string;
  readonly inputs: readonly ValueInfo[];
  readonly outputs: readonly ValueInfo[];
  readonly nodes: readonly Node[];
  /** Trained values by name. */
  readonly initializers: ReadonlyMap<string, Tensor>;
}

/** The operator set that graphs are upgraded to when read, and written in. */
export const OPSET = 21;

export const isGraph = (attribute: Attribute | undefined): attribute is Graph =>
  typeof attribute === 'object' && 'nodes' in attribute;

/** Names that a node reads: its inputs, and what its branches take from around them. */
export function namesRead({ inputs, attributes }: Node): string[] {
  return [...inputs, ...Object.values(attributes).filter(isGraph).flatMap(taken)];
}

function taken({ nodes, initializers, outputs }: Graph): string[] {
  const own = new Set([...initializers.keys(), ...nodes.flatMap((node) => node.outputs)]);
  const read = [...nodes.flatMap(namesRead), ...outputs.map(({ name }) => name)];
  return read.filter((name) => !own.has(name));
}

/** All nodes, those of branches behind the node that they belong to. */
export function withBranches(nodes: readonly Node[]): Node[] {
  return nodes.flatMap((node) => [
    node,
    ...Object.values(node.attributes)
      .filter(isGraph)
      .flatMap((branch) => withBranches(branch.nodes)),
  ]);
}
