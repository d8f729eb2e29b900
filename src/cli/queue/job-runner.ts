import { tmpdir } from 'node:os';
import { basename, extname, join } from 'node:path';
import {
  checkNetwork,
  LWayError,
  type Network,
  type NetworkEntry,
  type SeriesEngine,
  type UpscaleReport,
} from '../../engine';
import { formats } from '../files/formats';
import { hashOfFile } from '../files/file-hash';
import type { Target } from '../files/targets';
import { Workspace } from '../files/workspace';
import { learnSeries, type SeriesRequest } from '../learn-series';
import type { Networks } from '../networks';
import type { Reporter } from '../output/reporter';
import { passesFor, type Computing } from '../passes';
import { upscaleFile, type FileEvent, type FileOptions } from '../upscale-file';
import { withSeries, withWeights } from '../upscale-series';
import type { Artefacts } from './artefacts';
import {
  checkVersion,
  type Picture,
  type PictureJob,
  type PictureResult,
  type SeriesJob,
  type SeriesResult,
  type Work,
} from './job';
import { isObject } from './object-store';
import type { Places } from './places';

/** What a worker has to do jobs with. */
export interface Tools {
  readonly engine: SeriesEngine;
  readonly networks: Networks;
  readonly places: Places;
  readonly artefacts: Artefacts;
  readonly computing: Computing;
  /** How the worker is called: its machine and process. */
  readonly worker: string;
}

/** Does jobs, whoever brings them. Steps that many pictures share are prepared once. */
export class JobRunner {
  private readonly prepared = new Map<string, Promise<FileOptions>>();

  constructor(private readonly tools: Tools) {}

  /**
   * @param made told of the result when all of it is there, before it gets its name
   * @throws LWayError `document-changed` where the picture is another one by now, and all that an upscale throws
   */
  async picture(
    signal: AbortSignal,
    job: PictureJob,
    onEvent: (event: FileEvent) => void,
    made: (made: NonNullable<PictureJob['made']>) => Promise<void>,
  ): Promise<PictureResult> {
    checkVersion(job);
    // Somebody may have ended between giving the result its name and saying so.
    if (job.made && (await this.isThere(signal, job.made))) return job.made.result;
    const { engine, places } = this.tools;
    const remote = isObject(job.input) || isObject(job.output);
    const scratch = remote ? await Workspace.beside(join(tmpdir(), 'picture')) : null;
    let latest: PictureJob['made'];
    try {
      const target = await this.targetOf(signal, job, scratch);
      const options = await this.options(job.work, job.series);
      const outputOf = (file: string) =>
        isObject(job.output) ? job.output + (job.format ? '' : extname(file)) : places.placeOf(file);
      const complete = async (file: string, report: UpscaleReport & { output: string }) => {
        const result = this.resultOf(job, report, await outputOf(report.output));
        latest = { sha256: await hashOfFile(signal, file), result };
        await made(latest);
      };
      const report = await upscaleFile(signal, engine, target, { ...options, complete }, onEvent);
      const output = await outputOf(report.output);
      if (isObject(output)) {
        await (await places.store).deliver(signal, report.output, output, latest!.sha256, options.force);
      }
      return { ...this.resultOf(job, report, output), seconds: report.seconds };
    } catch (error) {
      // Two that believe the job theirs make the same result; one of them finds its name taken.
      if (latest && !signal.aborted && (await this.isThere(signal, latest))) return latest.result;
      throw error;
    } finally {
      scratch?.remove();
    }
  }

  /** Learns from the pictures together. @throws LWayError */
  async series(signal: AbortSignal, job: SeriesJob, reporter: Reporter): Promise<SeriesResult> {
    checkVersion(job);
    const { engine, artefacts, computing, worker } = this.tools;
    const options = await this.options(job.work);
    const targets: Target[] = [];
    for (const picture of job.pictures) targets.push(await this.targetOf(signal, picture, null));
    const { network, tuning, adapt } = options.passes[0]!.options;
    const request: SeriesRequest = { network, device: computing.device, tuning, adapt: adapt!, options };
    const learned = await learnSeries(signal, engine, targets, request, reporter);
    const { passes, adaptation } = await withSeries(request, learned);
    const { weights } = passes[0]!.options;
    return { sha256: weights ? await artefacts.put(weights) : null, adaptation, worker };
  }

  private resultOf(job: PictureJob, report: UpscaleReport, output: string): PictureResult {
    const adaptation = report.adaptation ?? job.series?.adaptation;
    // The weights are megabytes.
    const facts = adaptation && { ...adaptation, weights: undefined };
    return { ...report, adaptation: facts, input: job.input, output, worker: this.tools.worker };
  }

  private isThere(signal: AbortSignal, { sha256, result }: NonNullable<PictureJob['made']>): Promise<boolean> {
    return this.tools.places.holds(signal, result.output, sha256);
  }

  /**
   * Where the picture is here and its result will be: objects come into the scratch folder, and go from there.
   * @param scratch null where all are files; a series, whose pictures are looked at in their own turn, has none
   */
  private async targetOf(signal: AbortSignal, picture: Picture, scratch: Workspace | null): Promise<Target> {
    const { places } = this.tools;
    const { input, sha256: content, output, format } = picture;
    const here = async (place: string, name: string) =>
      isObject(place) && scratch ? scratch.path(name) : places.pathOf(place);
    const target = {
      input: await here(input, `given-${basename(input)}`),
      output: await here(output, `result-${basename(output)}`),
      format: format && formats[format],
    };
    if (isObject(input)) await (await places.store).fetch(signal, input, content, target.input);
    else await this.checkPicture(signal, target.input, content);
    return target;
  }

  private async checkPicture(signal: AbortSignal, path: string, content: string): Promise<void> {
    // What is not there, or cannot be read, is said by who reads it.
    const found = await hashOfFile(signal, path).catch(() => content);
    signal.throwIfAborted();
    if (found === content) return;
    throw new LWayError(
      'document-changed',
      `"${basename(path)}" has changed since it was put into the queue.`,
      'Put it into the queue again.',
    );
  }

  /** The last few kinds of work are remembered. */
  private options(work: Work, series?: PictureJob['series']): Promise<FileOptions> {
    const key = JSON.stringify([work, series]);
    let options = this.prepared.get(key);
    if (!options) {
      options = this.prepare(work, series);
      this.prepared.set(key, options);
      options.catch(() => this.prepared.delete(key));
      if (this.prepared.size > 4) this.prepared.delete(this.prepared.keys().next().value!);
    }
    return options;
  }

  private async prepare(work: Work, series: PictureJob['series']): Promise<FileOptions> {
    const { networks, artefacts, computing } = this.tools;
    const chosen: Network[] = [];
    for (const entry of work.networks) chosen.push(await this.model(entry, work.brought.includes(entry.sha256)));
    const { region, quality, depth: bitDepth, metadata, force } = work;
    const passes = await passesFor(networks, work.steps, chosen, computing);
    const options: FileOptions = { passes, region, quality, bitDepth, metadata, force };
    if (!series) return options;
    const weights = series.sha256 === null ? undefined : await artefacts.get(series.sha256);
    return withWeights(options, weights, series.adaptation);
  }

  private async model(entry: NetworkEntry, brought: boolean): Promise<Network> {
    if (brought) return checkNetwork(entry, await this.tools.artefacts.get(entry.sha256));
    const own = this.tools.networks.cameWithLWay(entry);
    if (own) return this.tools.networks.find(new AbortController().signal, own.id, '');
    throw new LWayError(
      'missing-model',
      `This worker's LWay does not have the network "${entry.id}" that the job was put in with.`,
      'Use the same version of LWay on all machines.',
    );
  }
}
