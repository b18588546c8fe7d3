import { defineConfig } from 'vitest/config';

export default defineConfig({
  // Tests that need a Kubernetes API server run by `npm run test:cluster`, those that need a kernel with netem in the guest, by `npm run test:kernel`, `test:program` and `test:matrix`; `npm run test:boot` boots some.
  test: {
    include: ['test/**/*.test.ts'],
    exclude: [
      'test/kernel/**',
      'test/program/**',
      'test/matrix/**',
      'test/fixtures/**',
      'test/lab/guest/**/boot.test.ts',
      'test/**/*.alone.test.ts',
      'test/cluster/server/**',
    ],
    maxWorkers: 2,
  },
});
