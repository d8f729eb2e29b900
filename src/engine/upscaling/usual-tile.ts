import type { Device } from '../runtime/runtime';

/** Side of a tile, margins included, where the person names none: as much as memory is likely to hold. */
export const usualTile: Record<Device, number> = { webgpu: 512, cpu: 384, wasm: 256 };
