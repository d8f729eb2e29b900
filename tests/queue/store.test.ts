import { readFileSync } from 'node:fs';
import { GetObjectCommand, ListObjectsV2Command, PutObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import { drawn, writePng } from '../cli/support/pictures';
import { told, useQueue } from './support/queue-test';
import { hasStore, Store, withStore } from './support/store';

// Pictures in a store that speaks the language of S3: moto's server, on the loopback address.

const here = useQueue();
const store = new Store();
let client: S3Client;
beforeAll(async () => {
  if (!hasStore) return;
  await store.start('pictures');
  client = store.client();
});
afterAll(() => store.stop());

const lway = (...args: string[]) => here.lway(args);
const put = (Key: string, Body: Buffer) => client.send(new PutObjectCommand({ Bucket: 'pictures', Key, Body }));
const keys = async (Prefix: string) =>
  ((await client.send(new ListObjectsV2Command({ Bucket: 'pictures', Prefix }))).Contents ?? []).map(({ Key }) => Key);

withStore(
  'pictures from a store to a store; what is there is not replaced, what has changed not upscaled (needs moto)',
  async () => {
    const { root, env } = here;
    Object.assign(env, store.env);
    for (const [i, name] of ['a', 'b', 'c', 'd'].entries()) {
      await writePng(root.path(`${name}.png`), drawn(9 + i, 8, 3));
      await put(name === 'd' ? 'in/deep/d.png' : `in/${name}.png`, readFileSync(root.path(`${name}.png`)));
    }
    await put('in/notes.txt', Buffer.from('no picture'));
    await put('out/c.png', Buffer.from('mine'));
    const play = ['play', 'steps.json', 's3://pictures/in/', '-r', '-o', 's3://pictures/out/', '--queue', '--json'];
    expect(await lway(...play, '--no-wait').ended).toBe(0);
    await put('in/b.png', readFileSync(root.path('a.png')));
    const worker = lway('work', '--device', 'cpu', '--json');
    const producer = lway(...play);
    expect(await producer.ended).toBe(1);

    expect(told(producer, 'failed')).toMatchObject([{ input: 's3://pictures/in/c.png', code: 'storage' }]);
    expect(await keys('out/')).toEqual(['out/a.png', 'out/b.png', 'out/c.png', 'out/deep/d.png']);
    const mine = await client.send(new GetObjectCommand({ Bucket: 'pictures', Key: 'out/c.png' }));
    expect(await mine.Body!.transformToString()).toBe('mine');
    // The job of the content that is gone fails at the worker; that of the new one is done.
    expect(
      told(worker, 'failed').some(
        ({ input, code }) => /in\/b\.png$/.test(String(input)) && code === 'document-changed',
      ),
    ).toBe(true);

    const alone = lway('play', 'steps.json', 'a.png', 'd.png', '-o', 'alone', '--device', 'cpu');
    expect(await alone.ended).toBe(0);
    for (const [key, name] of [
      ['out/a.png', 'a'],
      ['out/b.png', 'a'],
      ['out/deep/d.png', 'd'],
    ] as const) {
      const { Body } = await client.send(new GetObjectCommand({ Bucket: 'pictures', Key: key }));
      expect(
        Buffer.from(await Body!.transformToByteArray()).equals(readFileSync(root.path('alone', `${name}.png`))),
      ).toBe(true);
    }
    const again = lway(...play);
    expect(await again.ended).toBe(1);
    expect(told(again, 'skipped')).toHaveLength(3);
    for (const each of [worker, producer, again]) expect(each.text()).not.toContain('never shown');
  },
);
