/** Writes the CustomResourceDefinitions of the chart. `npm run crds`. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { crdFiles, crdFolder } from './crds/files.ts';

mkdirSync(crdFolder, { recursive: true });
for (const { name, text } of crdFiles()) {
  writeFileSync(new URL(name, crdFolder), text);
  process.stdout.write(`charts/squall/crds/${name}\n`);
}
