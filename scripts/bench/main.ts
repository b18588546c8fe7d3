/** `npm run bench` lists what can be measured; `npm run bench -- NAME` measures it, prints a table and writes out/bench/NAME.json. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { benchCluster } from './cluster.ts';
import { benchFaults } from './faults.ts';
import { benchInject } from './inject.ts';
import { benchPreview } from './preview.ts';
import { benchSflow } from './sflow.ts';
import { benchSflowLive } from './sflow-live.ts';
import { benchSweep } from './sweep.ts';

const benches = {
  inject: { about: 'faults into 1, 10, 110 and 250 namespaces, and what an idle agent costs', run: benchInject },
  faults: {
    about:
      'faults applied, renewed, closed and undone in 1, 110 and 250 targets beside plain commands, and the way past a closed gate',
    run: benchFaults,
  },
  sweep: { about: 'from the start of the agent to nothing left of its former life, of 1, 10 and 110 targets', run: benchSweep },
  preview: {
    about: 'previews of runs on 1,000 and 10,000 pods, what they ask the server, and the preflight of 1,000 nodes',
    run: benchPreview,
  },
  cluster: { about: 'experiments on a cluster of 1, 20 and 100 simulated nodes, and what the operator costs', run: benchCluster },
  sflow: { about: 'recorded sFlow datagrams decoded in memory, in a second of processor time', run: benchSflow },
  'sflow-live': {
    about: 'recorded sFlow datagrams sent to a collector over loopback, 20,000 to 100,000 a second, and which share is lost',
    run: benchSflowLive,
  },
} as const;

const folder = fileURLToPath(new URL('../../out/bench', import.meta.url));
const [name = '', ...args] = process.argv.slice(2);

if (Object.hasOwn(benches, name)) {
  const result = await benches[name as keyof typeof benches].run(args);
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, `${name}.json`), `${JSON.stringify(result, undefined, 2)}\n`);
} else {
  for (const [known, { about }] of Object.entries(benches)) console.log(`${known}  ${about}`);
  if (name !== '') {
    console.error(`there is no benchmark '${name}'`);
    process.exitCode = 2;
  }
}
