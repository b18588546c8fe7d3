/** What `npm run bench -- faults` runs apart: prints tables on the way, and answers with all figures. */
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { loadNft } from '../../src/agent/kernel/index.ts';
import type { Driver } from '../../src/api/index.ts';
import { answerApart } from './apart.ts';
import { actingFault } from './fault.ts';
import { measureOperations } from './faults-operations.ts';
import { operationLines, type OperationRow, renewalLines } from './operation-rows.ts';
import { measurePath } from './faults-path.ts';
import { type PathRow, pathLines } from './path-rows.ts';
import { hasNetem } from './plan-texts.ts';

export type FaultsResult = { driver: Driver; rounds: number; operations: OperationRow[]; pathRounds: number; path: PathRow[] };

const addon = fileURLToPath(new URL('../../native/build/squall-netns.node', import.meta.url));

await answerApart(async (args): Promise<FaultsResult> => {
  const { values } = parseArgs({
    args,
    options: {
      targets: { type: 'string', default: '1,110,250' },
      rounds: { type: 'string', default: '5' },
      'path-rounds': { type: 'string', default: '8' },
    },
  });
  const rounds = Number(values.rounds);
  const fault = actingFault(await hasNetem());
  console.log(
    `driver ${fault.driver}, fault ${fault.work.effect.type}; medians of ${rounds} rounds (CPU: means), least and greatest`,
  );
  const runNft = await loadNft(addon).catch(() => undefined);
  if (runNft === undefined) console.log('without the addon, which npm run build:native builds');
  const rows: OperationRow[] = [];
  for (const targets of values.targets
    .split(',')
    .filter((count) => count !== '')
    .map(Number)) {
    rows.push(...(await measureOperations(targets, rounds, fault, runNft)));
  }
  if (rows.length > 0) for (const line of [...operationLines(rows), ...renewalLines(rows)]) console.log(line);
  const pathRounds = Number(values['path-rounds']);
  const path = pathRounds > 0 ? await measurePath(pathRounds, fault) : [];
  if (path.length > 0) {
    console.log(
      `the way past a gate without a lease: medians of ${pathRounds} rounds, least and greatest; ratios to 'no gate' of the round`,
    );
    for (const line of pathLines(path)) console.log(line);
  }
  return { driver: fault.driver, rounds, operations: rows, pathRounds, path };
});
