import { createReadStream } from 'node:fs';
import { realpath, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { resultSize } from '../actions/size';
import {
  type AdaptationReport,
  contains,
  type Engine,
  type EngineEvent,
  LWayError,
  type PictureInfo,
  type PixelSource,
  profileOf,
  type Rect,
  type UpscaleOptions,
  type UpscaleReport,
} from '../engine';
import { sizeFor, type AskedSize } from './asked-size';
import type { PictureHeader } from './files/header';
import { decode, readHeader } from './files/decode';
import { draw } from './files/drawing';
import { encode } from './files/encode';
import type { Format } from './files/formats';
import { checkFormat, formats } from './files/formats';
import { copyStream, isStream, nameOf, standardStream } from './files/inputs';
import { carryMetadata, type MetadataChoice, type ResultMetadata } from './files/metadata/carry';
import { metadataOf, nothingSaid, readMetadata } from './files/metadata/read';
import { roomFor } from './files/metadata/write';
import { PictureSink } from './files/picture-sink';
import { PictureSource, regionOf } from './files/picture-source';
import type { Target } from './files/targets';
import { pathOf } from './files/targets';
import { iccProfileOf, profileFields } from './files/vips-file';
import { alreadyThere, exists, Workspace } from './files/workspace';
import type { Environment } from './environment';

/** One upscale of a picture; several are done one after the other, each on the result of the one before. */
export interface Pass {
  size: AskedSize;
  /** The engine's options but for size and events; made when the pass begins. */
  options: Omit<UpscaleOptions, 'size' | 'onEvent'>;
}

export interface FileOptions {
  passes: readonly Pass[];
  region?: Rect;
  bitDepth?: 8 | 16;
  quality?: number;
  force: boolean;
  /** The result may replace the picture. */
  inPlace?: boolean;
  /** What `-` stands for. */
  streams?: Environment['streams'];
  /** What of the picture's metadata comes along: all when left out. */
  metadata?: MetadataChoice;
  /** Called with the result's file when all of it is there, just before it gets its name; a rejection keeps it from it. */
  complete?: (file: string, report: UpscaleReport & { output: string }) => Promise<void>;
  /** What to report of an adaptation that was made before, whose weights the passes bring along. */
  adaptation?: AdaptationReport;
}

/** What {@link upscaleFile} says while it works, besides the engine's own events. */
export type FileEvent = EngineEvent | { type: 'opened'; width: number; height: number; output: string };

export interface FileReport extends UpscaleReport {
  input: string;
  output: string;
}

/**
 * One picture from file to file: judged by its header first, decoded to a work file beside the result, upscaled,
 * encoded, and given its name only when all of it is there. Nothing is left behind otherwise.
 */
export async function upscaleFile(
  signal: AbortSignal,
  engine: Engine,
  target: Target,
  options: FileOptions,
  onEvent: (event: FileEvent) => void,
): Promise<FileReport> {
  const started = performance.now();
  let waited = 0;
  const toStandardOutput = target.output === standardStream;
  // What cannot be read twice is copied first. A result for standard output grows where temporary files do.
  const stream = await isStream(target.input);
  const beside = toStandardOutput ? join(tmpdir(), 'result') : pathOf(target);
  let workspace = stream ? await Workspace.beside(beside) : null;
  try {
    let path = target.input;
    if (workspace) {
      path = workspace.path('given');
      await copyStream(signal, target.input, options.streams?.input, path);
    }
    const header = await readHeader(signal, path, nameOf(target.input));
    const plan = planFile(header, target, options);
    await checkTarget(target.input, plan.output, options);
    onEvent({ type: 'opened', width: header.width, height: header.height, output: plan.output });
    const notices: string[] = [];
    const notice = (message: string) => {
      notices.push(message);
      onEvent({ type: 'notice', message });
    };
    [...header.notices, ...plan.notices].forEach(notice);
    workspace ??= await Workspace.beside(toStandardOutput ? beside : plan.output);
    await workspace.require(plan.workBytes);
    const report = header.drawing
      ? await drawResult(signal, path, header, plan, options, workspace)
      : await runPasses(
          signal,
          engine,
          path,
          header,
          plan,
          options,
          workspace,
          onEvent,
          notice,
          (ms) => (waited += ms),
        );
    return {
      ...report,
      adaptation: report.adaptation ?? options.adaptation,
      notices: [...notices, ...report.notices],
      seconds: (performance.now() - started - waited) / 1000,
      input: target.input,
      output: plan.output,
    };
  } finally {
    workspace?.remove();
  }
}

interface Plan {
  format: Format;
  output: string;
  /** Result sizes of the passes. */
  sizes: { width: number; height: number }[];
  bitDepth: 8 | 16 | 32;
  /** Decoded input, largest neighbouring results and the encoded file, roughly. */
  workBytes: number;
  notices: string[];
}

/** A drawing has no size of its own. */
const ofDrawings = { least: 1 / 1000, most: 1000 };

/** Everything that can be refused before any pixel is read. @throws LWayError */
export function planFile(header: PictureHeader, target: Target, options: FileOptions): Plan {
  const { name } = header;
  const whole = { x: 0, y: 0, width: header.width, height: header.height };
  const region = options.region ?? whole;
  if (!contains(whole, region)) {
    throw new LWayError(
      'bad-option',
      `The region ${region.x},${region.y},${region.width},${region.height} reaches outside "${name}", which has ${header.width}×${header.height} pixels.`,
      'Give left,top,width,height inside the picture, as it looks upright.',
    );
  }
  if (options.bitDepth !== undefined && header.bitDepth === 32) {
    throw new LWayError(
      'unsupported',
      `"${name}" holds 32-bit light, which --depth cannot turn into ${options.bitDepth} bits.`,
      'Leave --depth out and write TIFF, then convert in an editor, where you choose the exposure.',
    );
  }
  const sizes: Plan['sizes'] = [];
  let current = { width: region.width, height: region.height };
  for (const pass of options.passes) {
    const { width, height } = current;
    const scales = header.drawing ? ofDrawings : undefined;
    current = resultSize(sizeFor(pass.size, width, height, scales), width, height, scales);
    sizes.push(current);
  }
  const notices: string[] = [];
  const bitDepth = options.bitDepth ?? header.bitDepth;
  let { format } = target;
  if (!format) {
    format = bitDepth === 32 ? formats.tiff : formats.png;
    if (bitDepth === 32) notices.push(`"${name}" has 32 bits per channel: its result is written as TIFF, not PNG.`);
  }
  checkFormat(format, { ...current, channels: header.channels, bitDepth });
  if (options.quality !== undefined && format.defaultQuality === undefined) {
    throw new LWayError('bad-option', `${format.label} is lossless and has no --quality.`, 'Leave --quality out.');
  }
  const bytes = sizes.map(({ width, height }) => (width * height * header.channels * bitDepth) / 8);
  const largest = Math.max(...bytes.map((each, i) => each + (bytes[i - 1] ?? header.bytes)));
  const last = bytes.at(-1)!;
  return { format, output: pathOf(target, format), sizes, bitDepth, workBytes: Math.max(largest, last * 1.5), notices };
}

/** @throws LWayError where a result of this name may not be written */
export async function checkTarget(
  input: string,
  output: string,
  { force, inPlace }: Pick<FileOptions, 'force' | 'inPlace'>,
): Promise<void> {
  if (output === standardStream || !(await exists(output))) return;
  if (!(await stat(output)).isFile()) {
    throw new LWayError(
      'storage',
      `"${output}" cannot be replaced: it is a folder, a device or a pipe.`,
      'Use another name with -o, or -o - for standard output.',
    );
  }
  if (!(await isStream(input)) && (await realpath(output)) === (await realpath(input))) {
    if (inPlace) return;
    throw new LWayError(
      'bad-option',
      `The result would replace the picture itself, "${input}".`,
      'Choose another name or folder with -o, or use --in-place.',
    );
  }
  if (!force) throw alreadyThere(output);
}

async function runPasses(
  signal: AbortSignal,
  engine: Engine,
  input: string,
  header: PictureHeader,
  plan: Plan,
  options: FileOptions,
  workspace: Workspace,
  onEvent: (event: FileEvent) => void,
  notice: (message: string) => void,
  onWait: (milliseconds: number) => void,
): Promise<UpscaleReport> {
  const reports: UpscaleReport[] = [];
  let path = workspace.path('input.v');
  let source: PictureSource = await decode(signal, input, header, path, notice);
  let sink: PictureSink | null = null;
  try {
    const said =
      header.said && header.own !== 'TIFF'
        ? await metadataOf(header.said, header.turned)
        : await readMetadata(input, source.header, header.turned);
    const { width, height } = plan.sizes.at(-1)!;
    const carried = carryMetadata(said, plan.format, width, height, options.metadata);
    for (const message of carried.notices) notice(`"${header.name}" ${message}`);
    const byNumbers = said.colour && !header.convert ? profileOf(said.colour, source.info.channels < 3) : null;
    const profile = profileFields(source.info.iccProfile ?? byNumbers);
    for (const [i, pass] of options.passes.entries()) {
      const last = i === options.passes.length - 1;
      const result = workspace.path(`result-${i + 1}.v`);
      const metadata = last ? [...profile, ...roomFor(carried.metadata, plan.format)] : profile;
      const bitDepth = last ? options.bitDepth : undefined;
      sink = new PictureSink(result, { metadata, bitDepth, label: plan.output });
      const part: PixelSource = i === 0 && options.region ? regionOf(source, options.region) : source;
      // The engine may be at work on another file.
      const asked = performance.now();
      let begun = false;
      const onPassEvent = (event: EngineEvent) => {
        if (!begun) onWait(performance.now() - asked);
        begun = true;
        onEvent(event);
      };
      const passOptions = { ...pass.options, size: plan.sizes[i]!, onEvent: onPassEvent };
      reports.push(await engine.upscale(signal, part, sink, passOptions));
      await source.close();
      await rm(path, { force: true });
      path = result;
      if (!last) source = await PictureSource.open(path);
    }
    const info = { ...sink!.info, iccProfile: iccProfileOf(profile) };
    const report = combine(reports);
    await finish(signal, path, info, plan, options, workspace, carried.metadata, report);
    return report;
  } finally {
    await source.close();
    await sink?.close();
  }
}

/** A drawing has no pixels that a network could enlarge: it is drawn anew. */
async function drawResult(
  signal: AbortSignal,
  input: string,
  header: PictureHeader,
  plan: Plan,
  options: FileOptions,
  workspace: Workspace,
): Promise<UpscaleReport> {
  const { width, height } = plan.sizes.at(-1)!;
  const work = workspace.path('result.v');
  await draw(signal, input, header, { width, height, region: options.region }, work);
  const drawn = await PictureSource.open(work);
  await drawn.close();
  const { metadata } = carryMetadata(nothingSaid, plan.format, width, height);
  const report = {
    width,
    height,
    device: 'cpu',
    deviceName: 'librsvg',
    tiles: 0,
    tilesRedone: 0,
    seconds: 0,
    notices: [],
  } as const;
  await finish(signal, work, drawn.info, plan, options, workspace, metadata, { ...report, notices: [] });
  return { ...report, notices: [] };
}

/** Encodes the work file and gives the result its place. */
async function finish(
  signal: AbortSignal,
  work: string,
  info: PictureInfo,
  { format, output }: Plan,
  options: FileOptions,
  workspace: Workspace,
  metadata: ResultMetadata,
  report: UpscaleReport,
): Promise<void> {
  const encoded = workspace.path(`result.${format.extensions[0]}`);
  await encode(signal, work, info, encoded, { format, metadata, label: output, quality: options.quality });
  signal.throwIfAborted();
  await options.complete?.(encoded, { ...report, output });
  if (output === standardStream) await send(signal, encoded, options.streams?.output);
  else await workspace.publish(encoded, options.force || options.inPlace === true);
}

/** The finished file to standard output. */
async function send(signal: AbortSignal, file: string, output: Writable | undefined): Promise<void> {
  if (!output) throw new LWayError('bad-option', 'Standard output cannot be written here.', 'Name a file with -o.');
  await pipeline(createReadStream(file), output, { signal, end: false });
}

function combine(reports: readonly UpscaleReport[]): UpscaleReport {
  const last = reports.at(-1)!;
  return {
    ...last,
    tiles: reports.reduce((sum, each) => sum + each.tiles, 0),
    tilesRedone: reports.reduce((sum, each) => sum + each.tilesRedone, 0),
    notices: reports.flatMap((each) => each.notices),
  };
}
