import type { UpscaleReport } from '../engine';
import type { RunningJob } from './state';

/** "12 s", "3 min", "1 h 5 min": as exact as an estimate deserves. */
export function duration(seconds: number): string {
  if (seconds < 1) return 'less than a second';
  if (seconds < 90) return `${Math.round(seconds)} s`;
  const minutes = Math.round(seconds / 60);
  return minutes < 60 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** "about 12 s", "less than a second". */
const about = (seconds: number): string => (seconds < 1 ? duration(seconds) : `about ${duration(seconds)}`);

/** How a running job says what it does now. */
export function phaseName(phase: RunningJob['phase']): string {
  const names = {
    preparing: 'Getting ready',
    adapting: 'Learning from your picture',
    upscaling: 'Upscaling',
    writing: 'Placing the new layer',
  };
  return names[phase];
}

/** Tile or step, and the time left, under the progress bar. */
export function progressText(job: RunningJob): string {
  if (job.cancelling) return 'Cancelling…';
  const { phase, progress } = job;
  if (!progress)
    return {
      preparing: 'Loading the network…',
      adapting: 'Analysing the picture…',
      upscaling: 'Starting…',
      writing: 'Almost done…',
    }[phase];
  const { done, total, unit, secondsLeft } = progress;
  const left = secondsLeft === undefined ? '' : ` · ${about(secondsLeft)} left`;
  if (phase === 'writing') return `${done} %`;
  if (unit === 'analysis') return `Analysing the picture: part ${Math.min(done + 1, total)} of ${total}`;
  return `${phase === 'adapting' ? 'Step' : 'Tile'} ${Math.min(done, total)} of ${total}${left}`;
}

/** What really computes. */
export function deviceName({ name }: { name: string }): string {
  return `Runs on ${name}`;
}

/** How Detail, Noise and Blur were set for this picture, and why; empty where they could not be. */
export function tuningText({ tuning }: UpscaleReport): string {
  if (!tuning) return '';
  const { detail, noise, blur, drawn = 0, estimate } = tuning;
  const drawing = drawn > 0 ? `, ${drawn} % the network for drawings` : '';
  const sharpened = blur > 0 ? `, blur ${blur} % sharpened` : '';
  const set = `Detail ${detail} %, noise ${noise} % cleaned${sharpened}${drawing}`;
  if (!estimate) return `${set}.`;
  const looks = drawn > 0 ? 'looks drawn and ' : blur > 0 ? 'is not quite sharp and ' : '';
  const steps = Math.round(estimate.noise);
  const told = estimate.noise < 1 ? 'hardly any noise' : `noise of about ${steps} step${steps === 1 ? '' : 's'} of 255`;
  // Without a grid of blocks it was made smaller or larger since, or is only soft: weaker traces say nothing.
  const traces = estimate.compression >= 30 ? ', traces of compression' : '';
  const lossy = typeof estimate.jpeg === 'number' ? `, compressed as at JPEG quality ${estimate.jpeg}` : traces;
  return `${set}: this picture ${looks}has ${told}${lossy}.`;
}

/** What happened, in one sentence. */
export function reportText(report: UpscaleReport): string {
  return `${report.width} × ${report.height} px in ${duration(report.seconds)}.`;
}

/** What the adaptation brought, in one sentence; empty without one. */
export function adaptationText(report: UpscaleReport): string {
  return report.adaptation?.message ?? '';
}

/**
 * How long it will take, as far as this machine has shown; empty where it has not.
 * @param upscaling seconds without matching, for where no other time is known
 */
export function estimateText(seconds: number | null, upscaling: number | null): string {
  const on = (time: number) => `${about(time).replace(/^./, (letter) => letter.toUpperCase())} on this machine`;
  if (seconds !== null) return `${on(seconds)}.`;
  return upscaling === null ? '' : `${on(upscaling)}, plus the time for matching.`;
}

/** Whether a notice of the engine says that no graphics card can be used: it is told once, with what can be done. */
export function isNoGpu(notice: string): boolean {
  return notice.startsWith('No GPU can be used here');
}
