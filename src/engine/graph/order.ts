import { LWayError } from '../common/errors';
import { namesRead, type Node } from './graph';

/**
 * Nodes in an order in which they can run.
 *
 * @param given names of values that are there from the start
 * @throws LWayError `bad-graph` naming the node, where a value is missing, made twice, or depends on itself
 */
export function inOrder(nodes: readonly Node[], given: readonly string[]): Node[] {
  const advice = 'The network file is damaged: fetch or export it again.';
  const available = new Set(given);
  const makers = new Map<string, Node>();
  for (const node of nodes) {
    for (const name of node.outputs) {
      if (name === '') continue;
      if (makers.has(name) || available.has(name)) {
        throw new LWayError(
          'bad-graph',
          `The value "${name}" is made twice, the second time by ${node.op} "${node.name}".`,
          advice,
        );
      }
      makers.set(name, node);
    }
  }
  if (runsAsItStands(nodes, available)) return [...nodes];
  const readers = new Map<string, Node[]>();
  const missing = new Map<Node, number>();
  const ready: Node[] = [];
  for (const node of nodes) {
    const waits = new Set(namesRead(node).filter((name) => name !== '' && !available.has(name)));
    for (const name of waits) {
      if (!makers.has(name)) {
        throw new LWayError(
          'bad-graph',
          `${node.op} "${node.name}" needs "${name}", which the file does not contain.`,
          advice,
        );
      }
      const list = readers.get(name) ?? [];
      readers.set(name, list);
      list.push(node);
    }
    missing.set(node, waits.size);
    if (waits.size === 0) ready.push(node);
  }
  const ordered: Node[] = [];
  for (let i = 0; i < ready.length; i++) {
    const node = ready[i]!;
    ordered.push(node);
    for (const name of node.outputs) {
      for (const reader of readers.get(name) ?? []) {
        const left = missing.get(reader)! - 1;
        missing.set(reader, left);
        if (left === 0) ready.push(reader);
      }
    }
  }
  const stuck = nodes.find((node) => missing.get(node)! > 0);
  if (stuck !== undefined) {
    throw new LWayError('bad-graph', `The network contains a cycle at ${stuck.op} "${stuck.name}".`, advice);
  }
  return ordered;
}

function runsAsItStands(nodes: readonly Node[], given: ReadonlySet<string>): boolean {
  const made = new Set(given);
  return nodes.every((node) => {
    const ready = namesRead(node).every((name) => name === '' || made.has(name));
    node.outputs.forEach((name) => made.add(name));
    return ready;
  });
}
