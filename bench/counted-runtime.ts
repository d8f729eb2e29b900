import { GraphBuilder, multiplyAdds, readGraph } from '../src/engine/graph';
import type { InferenceSession, Runtime } from '../src/engine/runtime/runtime';

/** Work done by sessions, in floating-point operations and seconds. */
export interface Work {
  flop: number;
  seconds: number;
}

/** Floating-point operations of one run of a network, an addition and a multiplication counting as two. */
export function countFlop(model: Uint8Array, shapes: Readonly<Record<string, readonly number[]>>): number {
  const graph = readGraph(model);
  const b = new GraphBuilder('counted');
  b.call(
    graph,
    graph.inputs.map(({ name, type }) => b.input(name, shapes[name]!, type)),
  );
  return b.history.reduce((sum, operation) => sum + 2 * multiplyAdds(operation), 0);
}

/** A runtime that counts what its sessions do, and for what: `part` is asked at every run. */
export function counted(runtime: Runtime, part: (graph: string) => string) {
  const work: Record<string, Work> = {};
  const watched: Runtime = Object.assign(Object.create(runtime) as Runtime, {
    async createSession(...parameters: Parameters<Runtime['createSession']>): Promise<InferenceSession> {
      const session = await runtime.createSession(...parameters);
      const [model] = parameters;
      const { name } = readGraph(model);
      const counts = new Map<string, number>();
      const run = session.run.bind(session);
      session.run = (async (feeds: InferenceSession.FeedsType) => {
        const shapes = Object.fromEntries(Object.entries(feeds).map(([input, { dims }]) => [input, dims]));
        const key = JSON.stringify(shapes);
        if (!counts.has(key)) counts.set(key, countFlop(model, shapes));
        const began = performance.now();
        const results = await run(feeds);
        const done = (work[part(name)] ??= { flop: 0, seconds: 0 });
        done.seconds += (performance.now() - began) / 1000;
        done.flop += counts.get(key)!;
        return results;
      }) as InferenceSession['run'];
      return session;
    },
  });
  return { runtime: watched, work };
}
