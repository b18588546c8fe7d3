import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Lab, labExec, labUp, readTopology } from '../../src/lab/index.ts';
import { newPlace, removePlace } from './support/labs.ts';

type LoadLine = { time: string; requests: number; errors: number; p50: number | null; p95: number | null };
type Answer = { role: string; next?: Answer };

describe.skipIf(process.getuid?.() !== 0)('the shop', { timeout: 30_000 }, () => {
  const place = newPlace();
  let lab: Lab;
  beforeAll(async () => {
    lab = await labUp({ ...place, topology: await readTopology({ file: 'experiments/lab/shop.yaml' }) });
  }, 60_000);
  afterAll(async () => {
    await removePlace(place);
  });

  it('comes up with all its pods ready and a service for each tier', () => {
    const ready = lab.pods.filter(({ status }) => status?.conditions.every((condition) => condition.status === 'True'));
    expect(ready.map(({ metadata }) => metadata.name)).toEqual([
      'frontend',
      'checkout',
      'payments-0',
      'payments-1',
      'payments-2',
      'db',
      'load',
    ]);
    expect(lab.services.map(({ metadata }) => metadata.name)).toEqual(['frontend', 'checkout', 'payments', 'db']);
  });

  it('answers a request through all four tiers', async () => {
    const program =
      "require('node:http').get('http://' + process.env.FRONTEND_SERVICE_HOST + ':8080', (r) => r.pipe(process.stdout))";
    const { stdout } = await labExec({ ...place, pod: 'load', command: ['node', '-e', program] });
    const roles: string[] = [];
    for (let answer: Answer | undefined = JSON.parse(stdout) as Answer; answer !== undefined; answer = answer.next)
      roles.push(answer.role);
    expect(roles).toEqual(['frontend', 'checkout', 'payments', 'db']);
  });

  it('serves its load without errors, and says so every second', async () => {
    const log = () =>
      readFileSync(join(place.stateFolder, 'lab', 'logs', 'shop_load_load.log'), 'utf8')
        .split('\n')
        .filter(Boolean)
        .map((line) => JSON.parse(line) as LoadLine);
    await expect.poll(() => log().length, { timeout: 10_000 }).toBeGreaterThanOrEqual(3);
    const busy = log().filter(({ requests }) => requests > 0);
    expect(busy.length).toBeGreaterThan(0);
    expect(busy.reduce((sum, { errors }) => sum + errors, 0)).toBe(0);
    for (const { p50, p95 } of busy) expect(p95).toBeGreaterThanOrEqual(p50 ?? Infinity);
  });
});
