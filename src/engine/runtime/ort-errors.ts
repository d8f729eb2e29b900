import { LWayError } from '../common/errors';

const outOfMemory =
  /out of memory|bad_alloc|bad allocation|failed to allocate|allocation failed|OOM|memory access out of bounds|cannot enlarge memory|exceeds (the )?max(imum)? buffer|createbuffer.*(size|failed)|buffer size .* (exceeds|is larger)/i;
const deviceLost =
  /device (was |is )?lost|device is null|device destroyed|lost device|GPUDevice.*lost|adapter is consumed|DXGI_ERROR_DEVICE|VK_ERROR_DEVICE_LOST/i;

/**
 * Gives an exception of ONNX Runtime its code: the runtime has only texts to tell them apart.
 *
 * @param during what the runtime was asked to do: a refusal to load is the model's fault, a failed run the device's
 * @param lost the device is known to be gone, whatever the text says
 */
export function fromOrtError(error: unknown, during: 'create' | 'run', lost = false): LWayError {
  if (error instanceof LWayError) return error;
  const text = error instanceof Error ? error.message : String(error);
  const cause = { cause: error };
  if (lost || deviceLost.test(text))
    return new LWayError(
      'device-lost',
      'The graphics device stopped responding.',
      'Try again, or choose the CPU as the device.',
      cause,
    );
  if (outOfMemory.test(text) || error instanceof RangeError)
    return new LWayError(
      'out-of-memory',
      'There is not enough memory for a tile of this size.',
      'Choose a smaller tile, or close other programs that use much memory.',
      cause,
    );
  if (during === 'create')
    return new LWayError(
      'bad-model',
      `ONNX Runtime cannot load this network: ${firstLine(text)}`,
      'Choose another network file, or export this one again (opset 11 to 21, float32).',
      cause,
    );
  return new LWayError(
    'internal',
    `The network failed while running: ${firstLine(text)}`,
    // One of its operations refuses what it is given: that no tile is small enough for, and no memory large enough.
    /while running \S+ node/i.test(text)
      ? 'Export this network again (opset 17 to 21, free sizes) or choose another one; on a graphics device, try the CPU first.'
      : 'Try another device; if it happens again, try another network.',
    cause,
  );
}

function firstLine(text: string): string {
  const line = text.trim().split('\n', 1)[0]!;
  // The runtime puts its own source path and function signature in front of what it has to say.
  const plain = line.replace(/^.*onnxruntime_src\S*\s+(?:.*\)\s)?/, '');
  return plain.length > 300 ? `${plain.slice(0, 300)}…` : plain;
}
