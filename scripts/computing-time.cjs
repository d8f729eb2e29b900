// Writes how many seconds a run of tests has computed, in all of its threads, to the file LWAY_COMPUTING_TIME: for
// scripts/mutate.mjs.
const { writeFileSync } = require('node:fs');

module.exports = class ComputingTime {
  onRunComplete() {
    const { user, system } = process.cpuUsage();
    writeFileSync(process.env.LWAY_COMPUTING_TIME, `${(user + system) / 1e6}`);
  }
};
