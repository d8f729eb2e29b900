const transform = {
  '^.+\\.[mc]?[jt]sx?$': [
    '@swc/jest',
    {
      jsc: { target: 'es2022', parser: { syntax: 'typescript' }, transform: { useDefineForClassFields: false } },
      // The ONNX schema takes most of a second to load: only tests that read a network pay for it.
      module: { type: 'commonjs', lazy: ['onnx-buf'] },
    },
  ],
};
const shared = {
  testEnvironment: '<rootDir>/tests/support/node-environment.cjs',
  transform,
  // These packages are published as ES modules only.
  transformIgnorePatterns: [
    '/node_modules/(?!(lit|lit-html|lit-element|@lit|fast-png|iobuffer|fflate|onnx-buf|@bufbuild)(/|$))',
  ],
};

/** `npx jest --selectProjects unit` for what needs no browser; `browser` drives the built page in real Chromium. */
export default {
  // Machines can be busy, and tests wait for what comes, not for a time: one that hangs is found out a little later.
  testTimeout: 240_000,
  projects: [
    {
      ...shared,
      displayName: 'unit',
      testMatch: ['<rootDir>/tests/**/*.test.ts'],
      testPathIgnorePatterns: ['/tests/browser/'],
    },
    { ...shared, displayName: 'browser', testMatch: ['<rootDir>/tests/browser/**/*.test.ts'] },
  ],
};
