import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { remediesFile, remediesPage } from '../../scripts/remedies/page.ts';

it('docs/remedies.md is what the table says now', async () => {
  expect(readFileSync(remediesFile, 'utf8'), 'run `npm run remedies`').toBe(await remediesPage());
});
