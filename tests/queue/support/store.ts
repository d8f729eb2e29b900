import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { withRedis } from './queue-test';
import { freePort, until } from './redis';

/** Whether moto (`pip install 'moto[server,s3]'`) is here, which speaks the language of S3. */
export const hasStore = spawnSync('python3', ['-c', 'import moto.server']).status === 0;

/** A test that takes both a queue and a store. */
export const withStore = hasStore ? withRedis : test.skip;

/** A store of its own on the loopback address, in memory. */
export class Store {
  private child: ChildProcess | null = null;
  private port = 0;

  get env(): NodeJS.ProcessEnv {
    return {
      AWS_ENDPOINT_URL: `http://127.0.0.1:${this.port}`,
      AWS_ACCESS_KEY_ID: 'test',
      AWS_SECRET_ACCESS_KEY: 'never shown',
      AWS_REGION: 'us-east-1',
    };
  }

  /** For the test's own looks into it. */
  client(): S3Client {
    const credentials = { accessKeyId: 'test', secretAccessKey: 'never shown' };
    const endpoint = this.env['AWS_ENDPOINT_URL'];
    return new S3Client({ endpoint, credentials, region: 'us-east-1', forcePathStyle: true });
  }

  async start(bucket: string): Promise<void> {
    this.port = await freePort();
    const args = ['-m', 'moto.server', '-H', '127.0.0.1', '-p', String(this.port)];
    this.child = spawn('python3', args, { stdio: 'ignore' });
    const answers = () =>
      fetch(this.env['AWS_ENDPOINT_URL']!).then(
        () => true,
        () => false,
      );
    await until(answers);
    await this.client().send(new CreateBucketCommand({ Bucket: bucket }));
  }

  async stop(): Promise<void> {
    const { child } = this;
    if (!child) return;
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await ended;
  }
}
