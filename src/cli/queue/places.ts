import { exists } from '../files/workspace';
import { hashOfFile } from '../files/file-hash';
import type { Environment } from '../environment';
import { isObject, ObjectStore } from './object-store';
import type { SharedFolder } from './shared-folder';

/** What jobs call pictures and results: files in the shared folder, and objects in a store, which keep their address. */
export class Places {
  private opened: Promise<ObjectStore> | null = null;

  constructor(
    private readonly environment: Pick<Environment, 'env'>,
    private readonly folder: SharedFolder,
  ) {}

  /** Opened when it is first asked for. */
  get store(): Promise<ObjectStore> {
    this.opened ??= ObjectStore.open(this.environment);
    return this.opened;
  }

  /** @param path of a file, or an object's address */
  async placeOf(path: string): Promise<string> {
    return isObject(path) ? path : this.folder.placeOf(path);
  }

  /** The file at a place, or the object's address. */
  async pathOf(place: string): Promise<string> {
    return isObject(place) ? place : this.folder.pathOf(place);
  }

  /** What tells the content at a path from another. */
  async contentOf(signal: AbortSignal, path: string): Promise<string> {
    return isObject(path) ? (await this.store).contentOf(signal, path) : hashOfFile(signal, path);
  }

  /** Whether there is something. */
  async exists(signal: AbortSignal, place: string): Promise<boolean> {
    if (isObject(place)) return (await (await this.store).hashOf(signal, place)) !== null;
    return exists(await this.folder.pathOf(place));
  }

  /** Whether the result at a place is the very one. */
  async holds(signal: AbortSignal, place: string, sha256: string): Promise<boolean> {
    if (isObject(place)) return (await (await this.store).hashOf(signal, place)) === sha256;
    const path = await this.folder.pathOf(place);
    return (await exists(path)) && (await hashOfFile(signal, path)) === sha256;
  }

  async close(): Promise<void> {
    (await this.opened?.catch(() => null))?.close();
  }
}
