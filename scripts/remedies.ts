/** Writes docs/remedies.md. `npm run remedies`. */
import { writeFileSync } from 'node:fs';
import { remediesFile, remediesPage } from './remedies/page.ts';

writeFileSync(remediesFile, await remediesPage());
process.stdout.write('docs/remedies.md\n');
