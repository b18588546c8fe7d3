import { defineConfig } from 'vitest/config';

/** Tests that boot a guest machine of their own, or want this one for themselves, one after the other: `npm run test:boot`. */
export default defineConfig({ test: { include: ['test/lab/guest/**/boot.test.ts', 'test/**/*.alone.test.ts'], maxWorkers: 1 } });
