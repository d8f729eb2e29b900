// onnxruntime checks `instanceof` against the outer realm's typed arrays: jest's sandbox must use the same ones.
const { TestEnvironment } = require('jest-environment-node');

// Tests get a copy of the environment, and native code does not see it: ONNX Runtime's telemetry is switched off here.
process.env.ORT_DISABLE_TELEMETRY = '1';

class OuterRealmEnvironment extends TestEnvironment {
  async setup() {
    await super.setup();
    const names = [
      'ArrayBuffer',
      'SharedArrayBuffer',
      'DataView',
      'Uint8Array',
      'Uint8ClampedArray',
      'Int8Array',
      'Uint16Array',
      'Int16Array',
      'Uint32Array',
      'Int32Array',
      'Float32Array',
      'Float64Array',
      'BigInt64Array',
      'BigUint64Array',
    ];
    for (const name of names) this.global[name] = globalThis[name];
  }
}

module.exports = OuterRealmEnvironment;
