/**
 * One runner for the whole house: ESM, compiled by swc straight from each package's sources.
 * (A .ts config would need one more compiler at start on Node 20.)
 * @type {import('jest').Config}
 */
export default {
  testMatch: ['<rootDir>/{packages,apps}/*/src/**/*.test.ts', '<rootDir>/tests/**/*.test.ts'],
  testEnvironment: 'node',
  testEnvironmentOptions: { customExportConditions: ['@atelier/source', 'node', 'node-addons'] },
  extensionsToTreatAsEsm: ['.ts'],
  moduleNameMapper: { '^(\\.{1,2}/.*)\\.js$': '$1' },
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      {
        jsc: { target: 'es2022', parser: { syntax: 'typescript' } },
        module: { type: 'es6' },
        sourceMaps: 'inline',
      },
    ],
  },
  transformIgnorePatterns: ['/node_modules/', '/dist/'],
  globalSetup: '<rootDir>/packages/readers/src/global-setup.ts',
  globalTeardown: '<rootDir>/packages/readers/src/global-teardown.ts',
  maxWorkers: 2,
  testTimeout: 240_000,
};
