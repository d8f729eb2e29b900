import type { Attributes } from '../graph';
import type { Inputs } from './definition';
import { listOr, numberOr, required, textOr } from './support';

/** How a kernel moves over a picture; lists have one entry per spatial axis. */
export interface Geometry {
  readonly kernel: readonly number[];
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
  /** Zeros around the larger of the two pictures. */
  readonly begin: readonly number[];
  readonly end: readonly number[];
  readonly group: number;
}

/** Extent of a dilated kernel. */
export const extent = (size: number, dilation: number): number => (size - 1) * dilation + 1;

/**
 * The geometry of a Conv or a pooling over `sizes`, with `auto_pad` worked out.
 *
 * @throws Error where the attributes do not fit
 */
export function geometryOf(attributes: Attributes, kernel: readonly number[], sizes: readonly number[]): Geometry {
  const ones = kernel.map(() => 1);
  const strides = listOr(attributes, 'strides', ones);
  const dilations = listOr(attributes, 'dilations', ones);
  const pads = listOr(
    attributes,
    'pads',
    [...ones, ...ones].map(() => 0),
  );
  const group = numberOr(attributes, 'group', 1);
  const auto = textOr(attributes, 'auto_pad', 'NOTSET');
  if (sizes.length !== kernel.length) throw new Error(`a kernel of ${kernel.length} axes moves over ${sizes.length}`);
  const totals = sizes.map((size, i) => {
    const covered = (Math.ceil(size / strides[i]!) - 1) * strides[i]! + extent(kernel[i]!, dilations[i]!);
    return Math.max(0, covered - size);
  });
  if (auto === 'SAME_UPPER' || auto === 'SAME_LOWER') {
    const small = totals.map((total) => Math.floor(total / 2));
    const large = totals.map((total, i) => total - small[i]!);
    const [begin, end] = auto === 'SAME_UPPER' ? [small, large] : [large, small];
    return { kernel, strides, dilations, begin, end, group };
  }
  const none = auto === 'VALID';
  return {
    kernel,
    strides,
    dilations,
    begin: kernel.map((_, i) => (none ? 0 : pads[i]!)),
    end: kernel.map((_, i) => (none ? 0 : pads[kernel.length + i]!)),
    group,
  };
}

/** The geometry of a Conv from its inputs. */
export function convGeometry(inputs: Inputs, attributes: Attributes): Geometry {
  return geometryOf(attributes, required(inputs, 1).shape.slice(2), required(inputs, 0).shape.slice(2));
}

/** The geometry of a ConvTranspose; where the size of its output is given, the padding follows from it. */
export function transposeGeometry(inputs: Inputs, attributes: Attributes): Geometry {
  const [x, w] = [required(inputs, 0), required(inputs, 1)];
  const kernel = w.shape.slice(2);
  const plain = geometryOf({ ...attributes, auto_pad: 'NOTSET' }, kernel, x.shape.slice(2));
  const auto = textOr(attributes, 'auto_pad', 'NOTSET');
  const given = listOr(attributes, 'output_shape');
  const same = auto.startsWith('SAME');
  if (given === undefined && !same) return auto === 'VALID' ? geometryOf(attributes, kernel, x.shape.slice(2)) : plain;
  const extra = listOr(
    attributes,
    'output_padding',
    kernel.map(() => 0),
  );
  const totals = kernel.map((size, i) => {
    const wanted = given?.[given.length - kernel.length + i] ?? x.shape[i + 2]! * plain.strides[i]!;
    const full = (x.shape[i + 2]! - 1) * plain.strides[i]! + extra[i]! + extent(size, plain.dilations[i]!);
    if (full < wanted) throw new Error(`its output would need more than ${full} places`);
    return full - wanted;
  });
  const small = totals.map((total) => Math.floor(total / 2));
  const large = totals.map((total, i) => total - small[i]!);
  return auto === 'SAME_UPPER' ? { ...plain, begin: small, end: large } : { ...plain, begin: large, end: small };
}
