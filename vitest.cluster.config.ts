import { defineConfig } from 'vitest/config';

/** Tests against a real Kubernetes API server, one file after the other: `npm run test:cluster`. */
export default defineConfig({
  test: {
    include: ['test/cluster/server/**/*.test.ts'],
    globalSetup: ['test/cluster/server/global-setup.ts'],
    maxWorkers: 1,
    testTimeout: 120_000,
    hookTimeout: 300_000,
  },
});
