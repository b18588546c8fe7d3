import { defineConfig } from 'vitest/config';

export default defineConfig({
  // Kernel tests need a kernel with netem: they run in the guest, by `npm run test:kernel`.
  test: { include: ['test/**/*.test.ts'], exclude: ['test/kernel/**', 'test/fixtures/**'], maxWorkers: 2 },
});
