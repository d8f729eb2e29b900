// Runs test files in the order of LWAY_TESTS_IN_ORDER, a JSON list of their paths: for scripts/mutate.mjs.
const { relative } = require('node:path');
const { default: Sequencer } = require('@jest/test-sequencer');

module.exports = class GivenOrder extends Sequencer {
  sort(tests) {
    const wanted = JSON.parse(process.env.LWAY_TESTS_IN_ORDER);
    const place = ({ path, context }) => wanted.indexOf(relative(context.config.rootDir, path));
    return [...tests].sort((a, b) => place(a) - place(b));
  }
};
