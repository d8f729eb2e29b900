import { Counter, Gauge, Histogram, Registry, collectDefaultMetrics } from 'prom-client';
import { servePage } from '../../../scripts/serve.mjs';
import { LWayError } from '../../engine';

/** How many jobs of each kind the whole queue holds, by the queue's own words for them. */
export type JobCounts = () => Promise<Record<string, number>>;

/** What a worker counts, in the form that Prometheus reads. */
export class WorkMetrics {
  readonly registry = new Registry();
  /** `outcome`: done, failed (and tried again), put aside, returned. */
  readonly jobs = new Counter({
    name: 'lway_jobs_total',
    help: 'Jobs that this worker has taken, by what became of them.',
    labelNames: ['outcome'] as const,
    registers: [this.registry],
  });
  readonly inWork = new Gauge({
    name: 'lway_jobs_in_work',
    help: 'Jobs in work at this worker.',
    registers: [this.registry],
  });
  private readonly seconds = new Histogram({
    name: 'lway_job_seconds',
    help: 'Seconds from taking a job to its result.',
    buckets: [0.1, 0.3, 1, 3, 10, 30, 100, 300, 1000, 3000],
    registers: [this.registry],
  });

  constructor(counts: JobCounts) {
    collectDefaultMetrics({ register: this.registry });
    // Asked for when somebody reads.
    new Gauge({
      name: 'lway_queue_jobs',
      help: 'Jobs in the whole queue, by state.',
      labelNames: ['state'] as const,
      registers: [this.registry],
      async collect() {
        for (const [state, count] of Object.entries(await counts())) this.set({ state }, count);
      },
    });
  }

  done(seconds: number): void {
    this.jobs.inc({ outcome: 'done' });
    this.seconds.observe(seconds);
  }
}

/** Longest that reading waits for a queue that does not answer. */
const patience = 3000;

/**
 * Serves `/metrics` on the loopback address.
 * @param port 0 takes a free one
 * @throws LWayError `bad-option` where the port is taken
 */
export async function serveMetrics(
  port: number,
  { registry }: WorkMetrics,
): Promise<{ url: string; close(): Promise<void> }> {
  try {
    return await servePage('', port, {
      answer: async (request, response) => {
        if (request.method !== 'GET' || request.url !== '/metrics') {
          response.writeHead(404, { 'Content-Type': 'text/plain' });
          response.end('There is /metrics here.\n');
          return true;
        }
        const late = new Promise<null>((resolve) => setTimeout(() => resolve(null), patience).unref());
        const text = await Promise.race([registry.metrics(), late]).catch(() => null);
        response.writeHead(text === null ? 503 : 200, { 'Content-Type': registry.contentType });
        response.end(text ?? 'The queue does not answer.\n');
        return true;
      },
    });
  } catch (error) {
    throw new LWayError('bad-option', `The port ${port} cannot be used for the metrics.`, 'Choose another one.', {
      cause: error,
    });
  }
}
