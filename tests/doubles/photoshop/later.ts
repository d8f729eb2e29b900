const tasks: (() => void)[] = [];
const port = typeof setImmediate === 'function' ? null : new MessageChannel();
// Node's types of a port know other words than the browser's.
if (port) (port.port1 as unknown as { onmessage: () => void }).onmessage = () => tasks.shift()!();

/** Runs `task` as a task of its own; without the 4 ms that browsers add to a timer of 0. */
export function later(milliseconds: number, task: () => void): void {
  if (milliseconds > 0) setTimeout(task, milliseconds);
  else if (!port) setImmediate(task);
  else {
    tasks.push(task);
    port.port2.postMessage(null);
  }
}
