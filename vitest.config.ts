import { defineConfig } from 'vitest/config';

export default defineConfig({
  // Tests that need a kernel with netem run in the guest, by `npm run test:kernel` and `npm run test:program`.
  test: { include: ['test/**/*.test.ts'], exclude: ['test/kernel/**', 'test/program/**', 'test/fixtures/**'], maxWorkers: 2 },
});
