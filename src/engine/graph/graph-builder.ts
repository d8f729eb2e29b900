import { Builder } from './builder';
import { definitionOf } from './ops/op-table';

/**
 * Writes a graph down, operation by operation, for fixed shapes.
 *
 * ```ts
 * const b = new GraphBuilder('tiny');
 * const x = b.input('x', [1, 3, 8, 8]);
 * const y = b.relu(b.conv(x, b.constant(weight, 'w'), { bias: b.constant(bias, 'b') }));
 * const graph = b.build({ y });
 * ```
 *
 * Operands broadcast as in NumPy; plain numbers are float32 scalars. Axes may be negative.
 */
export class GraphBuilder extends Builder {
  constructor(name: string) {
    super(name, definitionOf);
  }
}
