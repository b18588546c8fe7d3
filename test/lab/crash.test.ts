import { spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { labDown, type LabPlace, labStatus, labUp, readTopology } from '../../src/lab/index.ts';
import { idlePod, markedProcesses, networkNamespaces, newPlace, removePlace, supportFolder } from './support/labs.ts';

const podCount = 8;

describe.skipIf(process.getuid?.() !== 0)('a lab whose maker was killed', { timeout: 30_000 }, () => {
  let place: LabPlace;
  let file: string;
  beforeEach(() => {
    place = newPlace();
    file = join(place.stateFolder, 'topology.yaml');
    writeFileSync(file, Array.from({ length: podCount }, (_, index) => idlePod(`pod-${String(index)}`)).join(''));
  });
  afterEach(async () => {
    await removePlace(place);
  });

  const startMaker = (step: string, how: 'kill' | 'pause') => {
    const args = [join(supportFolder, 'up-until.ts'), place.stateFolder, place.instance, file, step, how];
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    const ended = new Promise<NodeJS.Signals | null>((resolve) =>
      child.once('exit', (_, signal) => {
        resolve(signal);
      }),
    );
    return { child, ended, steps: createInterface({ input: child.stdout }) };
  };
  /** By the record, and by a look at the machine that does not trust it. */
  const expectNothingLeft = (names: string[]) => {
    expect(networkNamespaces().filter((name) => names.includes(name))).toEqual([]);
    expect(markedProcesses(place.instance)).toEqual([]);
  };
  const recordedNames = () => {
    const text = readFileSync(join(place.stateFolder, 'lab', 'record.json'), 'utf8');
    return [...new Set(text.match(/squall-(?:node-)?[0-9a-f-]{8,36}/g))];
  };

  it.each(['recorded', 'namespaces', 'network', 'processes', 'ready'])('at step %s is removed without a trace', async (step) => {
    expect(await startMaker(step, 'kill').ended).toBe('SIGKILL');
    const names = recordedNames();
    expect(names).toHaveLength(podCount + 1);
    await labDown(place);
    expectNothingLeft(names);
  });

  // A whole start takes about 400 ms after the record is written; 0.618 spreads the moments over it.
  it.each(Array.from({ length: 8 }, (_, seed) => Math.round(((seed * 0.618) % 1) * 400)))(
    '%d ms after its record was written is removed without a trace',
    async (delayMs) => {
      const { child, ended, steps } = startMaker('never', 'kill');
      await new Promise((resolve) => steps.once('line', resolve));
      await sleep(delayMs);
      child.kill('SIGKILL');
      await ended;
      const names = recordedNames();
      await labDown(place);
      expectNothingLeft(names);
    },
  );

  it('is replaced by the next start', async () => {
    await startMaker('network', 'kill').ended;
    const names = recordedNames();
    await labUp({ ...place, topology: await readTopology({ file }) });
    expect(networkNamespaces().filter((name) => names.includes(name))).toEqual([`squall-node-${place.instance}`]);
    expect((await labStatus(place))?.pods.map(({ status }) => status?.phase)).toEqual(
      Array.from({ length: podCount }, () => 'Running'),
    );
  });

  it('is not pulled away while the maker lives', async () => {
    const { child, ended, steps } = startMaker('namespaces', 'pause');
    await new Promise<void>((resolve) =>
      steps.on('line', (line) => {
        if (line === 'namespaces') resolve();
      }),
    );
    await expect(labDown(place)).rejects.toMatchObject({ code: 'StateInUse' });
    await expect(labUp({ ...place, topology: await readTopology({ file }) })).rejects.toMatchObject({ code: 'StateInUse' });
    child.kill('SIGKILL');
    await ended;
    const names = recordedNames();
    await labDown(place);
    expectNothingLeft(names);
  });
});
