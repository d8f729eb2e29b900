import { createReadStream, createWriteStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type * as Sdk from '@aws-sdk/client-s3';
import { isAbort, LWayError } from '../../engine';
import { writeError } from '../files/file-errors';
import { alreadyThere } from '../files/workspace';
import type { Environment } from '../environment';

/** Whether a place is an object in a store, not a file in the shared folder. */
export function isObject(place: string): boolean {
  return place.startsWith('s3://');
}

/** What tells one content of an object from another, in place of the file's hash, which would take reading it. */
const tagged = 'etag:';
/** The hash of a result, kept with it. */
const hashField = 'lway-sha256';

/**
 * Amazon S3 and what speaks its language (MinIO, Ceph, R2…). Credentials, region and endpoint come from where its own tools
 * take them: `AWS_ACCESS_KEY_ID`, `AWS_REGION`, `AWS_ENDPOINT_URL`, `~/.aws`.
 */
export class ObjectStore {
  private constructor(
    private readonly sdk: typeof Sdk,
    private readonly client: Sdk.S3Client,
  ) {}

  /** @throws LWayError `unsupported` where its client is not installed */
  static async open({ env }: Pick<Environment, 'env'>): Promise<ObjectStore> {
    const sdk = await import('@aws-sdk/client-s3').catch((cause: unknown) => {
      throw new LWayError(
        'unsupported',
        'Addresses that begin with s3:// need the package @aws-sdk/client-s3, which is not installed here.',
        'Install LWay with its optional packages, or run "npm install @aws-sdk/client-s3" beside it.',
        { cause },
      );
    });
    const elsewhere = env['AWS_ENDPOINT_URL_S3'] ?? env['AWS_ENDPOINT_URL'];
    const client = new sdk.S3Client({
      // Stores of one's own rarely have a name for each bucket, nor regions, nor the newest checksums.
      ...(elsewhere ? { forcePathStyle: true, region: env['AWS_REGION'] ?? 'us-east-1' } : {}),
      requestChecksumCalculation: 'WHEN_REQUIRED',
      responseChecksumValidation: 'WHEN_REQUIRED',
    });
    return new ObjectStore(sdk, client);
  }

  /** Objects whose key begins with that of `place`; with `deep` also what lies behind further slashes. */
  async list(signal: AbortSignal, place: string, deep: boolean): Promise<string[]> {
    const { bucket, key } = partsOf(place);
    const found: string[] = [];
    let from: string | undefined;
    do {
      const page = await this.guard(place, () =>
        this.client.send(
          new this.sdk.ListObjectsV2Command({
            Bucket: bucket,
            Prefix: key,
            Delimiter: deep ? undefined : '/',
            ContinuationToken: from,
          }),
          { abortSignal: signal },
        ),
      );
      found.push(...(page.Contents ?? []).map((each) => `s3://${bucket}/${each.Key!}`));
      from = page.NextContinuationToken;
    } while (from !== undefined);
    return found;
  }

  /** What tells this content from another. @throws LWayError `bad-image` where there is none */
  async contentOf(signal: AbortSignal, place: string): Promise<string> {
    const head = await this.head(signal, place);
    if (head) return `${tagged}${head.ETag!}`;
    throw missing(place);
  }

  /** Reads an object into a file. @throws LWayError `document-changed` where it has another content by now */
  async fetch(signal: AbortSignal, place: string, content: string, file: string): Promise<void> {
    const { bucket, key } = partsOf(place);
    const command = new this.sdk.GetObjectCommand({ Bucket: bucket, Key: key, IfMatch: content.slice(tagged.length) });
    const changed = new LWayError(
      'document-changed',
      `"${place}" has changed since it was put into the queue.`,
      'Put it into the queue again.',
    );
    const { Body } = await this.guard(place, () => this.client.send(command, { abortSignal: signal }), changed);
    await pipeline(Body as Readable, createWriteStream(file), { signal }).catch((error: unknown) => {
      throw writeError(error, file);
    });
  }

  /** Writes an object as a whole or not at all. @throws LWayError `storage` where there is one already, unless forced */
  async deliver(signal: AbortSignal, file: string, place: string, sha256: string, force: boolean): Promise<void> {
    const { bucket, key } = partsOf(place);
    const command = new this.sdk.PutObjectCommand({
      Bucket: bucket,
      Key: key,
      Body: createReadStream(file),
      ContentLength: (await stat(file)).size,
      Metadata: { [hashField]: sha256 },
      IfNoneMatch: force ? undefined : '*',
    });
    await this.guard(place, () => this.client.send(command, { abortSignal: signal }), alreadyThere(place));
  }

  /** Whether there is something: the hash that was written along, or '' where it was written by others; else null. */
  async hashOf(signal: AbortSignal, place: string): Promise<string | null> {
    const head = await this.head(signal, place);
    return head && (head.Metadata?.[hashField] ?? '');
  }

  close(): void {
    this.client.destroy();
  }

  private async head(signal: AbortSignal, place: string): Promise<Sdk.HeadObjectCommandOutput | null> {
    const { bucket, key } = partsOf(place);
    const command = new this.sdk.HeadObjectCommand({ Bucket: bucket, Key: key });
    try {
      return await this.client.send(command, { abortSignal: signal });
    } catch (error) {
      if (statusOf(error) === 404) return null;
      throw said(error, place);
    }
  }

  private async guard<T>(place: string, work: () => Promise<T>, otherwise?: LWayError): Promise<T> {
    try {
      return await work();
    } catch (error) {
      throw said(error, place, otherwise);
    }
  }
}

function partsOf(place: string): { bucket: string; key: string } {
  const [, bucket, key] = /^s3:\/\/([^/]+)\/(.*)$/.exec(place) ?? [];
  if (bucket === undefined || key === undefined)
    throw new LWayError('bad-option', `"${place}" is not an address in an object store.`, 'Use s3://BUCKET/KEY.');
  return { bucket, key };
}

function statusOf(error: unknown): number | undefined {
  return (error as { $metadata?: { httpStatusCode?: number } }).$metadata?.httpStatusCode;
}

function missing(place: string, cause?: unknown): LWayError {
  return new LWayError('bad-image', `There is no object "${place}".`, 'Check bucket and key.', { cause });
}

/**
 * An error of the store's client for people; it never holds credentials.
 * @param otherwise what it means that the object is not as was asked
 */
function said(error: unknown, place: string, otherwise: LWayError = missing(place, error)): unknown {
  if (error instanceof LWayError || isAbort(error)) return error;
  const status = statusOf(error);
  const name = error instanceof Error ? error.name : 'unknown reason';
  if (status === 404) return missing(place, error);
  if (status === 412 || status === 409) return otherwise;
  if (status === 401 || status === 403 || /Credential/i.test(name)) {
    return new LWayError(
      'storage',
      `The store refuses "${place}" (${name}).`,
      'Check the credentials (AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY) and what they allow.',
      { cause: error },
    );
  }
  return new LWayError(
    'storage',
    `The store does not answer for "${place}" (${name}).`,
    'Check AWS_ENDPOINT_URL and AWS_REGION, and that the store runs.',
    { cause: error },
  );
}
