// Writes how many seconds a run of tests has computed, in all of its threads, to the file LWAY_COMPUTING_TIME, and kills it
// once that is more than LWAY_COMPUTING_LIMIT: for scripts/mutate.mjs.
const { writeFileSync } = require('node:fs');
const { Worker } = require('node:worker_threads');

// In a thread of its own: an endless loop leaves no time for a timer.
const watch = `
  setInterval(() => {
    const { user, system } = process.cpuUsage();
    if ((user + system) / 1e6 > Number(process.env.LWAY_COMPUTING_LIMIT)) process.kill(process.pid, 'SIGKILL');
  }, 1000);
`;

module.exports = class ComputingTime {
  onRunStart() {
    if (process.env.LWAY_COMPUTING_LIMIT) new Worker(watch, { eval: true }).unref();
  }

  onRunComplete() {
    const { user, system } = process.cpuUsage();
    writeFileSync(process.env.LWAY_COMPUTING_TIME, `${(user + system) / 1e6}`);
  }
};
