import { spawn } from 'node:child_process';
import { encodeFrame, FrameReader } from '../frames';
import type { Question } from '../protocol';
import type { Session } from './session';

/**
 * Starts LWay and answers it until it ends.
 * @param command program and arguments
 * @returns what to tell the person, null where all is well
 */
export function serve(session: Session, command: readonly string[]): Promise<string | null> {
  return new Promise((resolve, reject) => {
    const child = spawn(command[0]!, command.slice(1), { stdio: ['pipe', 'pipe', 'inherit'], windowsHide: true });
    const reader = new FrameReader((question, bytes) => {
      const { answer, bytes: back } = session.answer(question as Question, bytes);
      for (const piece of encodeFrame(answer, back)) child.stdin.write(piece);
    });
    const fail = (error: Error) => {
      child.kill();
      session.end();
      reject(error);
    };
    child.stdin.on('error', () => undefined); // it has ended: that is heard below
    child.stdout.on('data', (piece: Buffer) => {
      try {
        reader.push(piece);
      } catch (error) {
        fail(error as Error);
      }
    });
    child.on('error', ({ message }) => {
      session.end();
      resolve(`LWay cannot be started (${message}). Run "lway gimp install" again.`);
    });
    child.on('close', (code) => {
      session.end();
      resolve(
        session.failure ?? (code === 0 ? null : `LWay has ended with an error (${code}). See "lway gimp doctor".`),
      );
    });
  });
}
