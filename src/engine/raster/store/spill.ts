/**
 * Where a tile store puts what its memory budget does not hold. Blocks are written once and read in parts.
 * All methods reject with LWayError `storage` where the disk or the quota is full.
 */
export interface Spill {
  /** Keeps a copy of `bytes`; resolves to the block's number. */
  put(bytes: Uint8Array): Promise<number>;
  /** `length` bytes of a block from `offset` on. */
  get(block: number, offset: number, length: number): Promise<Uint8Array>;
  /** Removes everything. Safe to call twice. */
  dispose(): Promise<void>;
}

/** Opens a spill, when the first block has to go there. */
export type OpenSpill = () => Promise<Spill>;
