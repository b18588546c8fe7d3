import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decideLeftovers } from '../../../src/agent/leftovers/decide.ts';
import { agentIn, livingInstances } from '../../../src/agent/leftovers/living.ts';

const namespace = { inode: 1, path: '/run/netns/one' };
const [dead, alive] = ['dddddddd', 'aaaaaaaa'];

describe('what is taken for a leftover', () => {
  it.each([
    { name: 'a dead instance, all of it', instances: [dead], living: [], gone: { instances: [dead], devices: ['eth0'] } },
    { name: 'nothing of a living one', instances: [alive], living: [alive], gone: { instances: [], devices: [] } },
    {
      name: 'only the table beside a living one',
      instances: [dead, alive],
      living: [alive],
      gone: { instances: [dead], devices: [] },
    },
    {
      name: 'a dead one whoever lives elsewhere',
      instances: [dead],
      living: [alive],
      gone: { instances: [dead], devices: ['eth0'] },
    },
    { name: 'a tree of nobody', instances: [], living: [], gone: { instances: [], devices: ['eth0'] } },
    {
      name: 'no tree without a table while an agent lives',
      instances: [],
      living: [alive],
      gone: { instances: [], devices: [] },
    },
  ])('$name', ({ instances, living, gone }) => {
    const [leftover] = decideLeftovers([{ namespace, instances, devices: ['eth0'] }], new Set(living));
    expect(leftover).toMatchObject(gone);
  });

  it('accounts for each thing once, as leftover or as kept with its reason, and never for one of a living instance as leftover', () => {
    const instance = fc.constantFrom<string>('aaaaaaaa', 'bbbbbbbb', 'cccccccc');
    const device = fc.constantFrom('eth0', 'eth1');
    fc.assert(
      fc.property(fc.uniqueArray(instance), fc.uniqueArray(device), fc.uniqueArray(instance), (instances, devices, living) => {
        const found = decideLeftovers([{ namespace, instances, devices }], new Set(living));
        const accounted = found.flatMap((leftover) => [...leftover.instances, ...leftover.devices, ...leftover.kept]);
        expect(accounted.length).toBe(instances.length + devices.length);
        expect(found.flatMap((leftover) => leftover.instances).filter((one) => living.includes(one))).toEqual([]);
      }),
    );
  });
});

describe('a living instance', () => {
  const agent = ['node', '/opt/agent.js', '--socket', '/s', '--node', 'n', '--instance', alive, '--state', '/var/lib/squall', ''];
  it.each([
    { words: agent, found: { instance: alive, state: '/var/lib/squall' } },
    { words: ['node', 'squall.js', 'agent', '--node', 'n', '--instance', alive], found: { instance: alive, state: undefined } },
    { words: ['node', 'squall.js', 'agent', '--node=n', '--state=/s'], found: { instance: undefined, state: '/s' } },
    { words: ['node', 'squall.js', 'agent'], found: undefined },
    { words: ['node', 'squall.js', 'agent', '--node', 'n', '--instance', 'x'], found: undefined },
    { words: ['grep', '--instance', alive], found: undefined },
    { words: ['node', '--socket', '/s', '--node', 'n', '--instance'], found: undefined },
    { words: ['node', '--socket', '/s', '--node', 'n', '--instance', '../x'], found: undefined },
    { words: [''], found: undefined },
  ])('is read off the arguments $words', ({ words, found }) => {
    expect(agentIn(words)).toEqual(found);
  });

  it("of a cluster's node is read where its agent remembers it, as that sees its files", async () => {
    const processes = mkdtempSync(join(tmpdir(), 'squall-living-'));
    const remember = (folder: string, instance: string) => {
      mkdirSync(join(processes, folder), { recursive: true });
      writeFileSync(join(processes, folder, 'cluster-instance'), `${instance}\n`);
    };
    const run = (pid: number, words: string[], environment = '') => {
      mkdirSync(join(processes, String(pid)), { recursive: true });
      writeFileSync(join(processes, String(pid), 'cmdline'), ['node', 'squall.js', 'agent', '--node', 'n', ...words].join('\0'));
      writeFileSync(join(processes, String(pid), 'environ'), `PATH=/bin\0${environment}\0`);
    };
    try {
      remember('1/root/var/lib/squall', '11111111');
      remember('2/root/elsewhere', '22222222');
      remember('3/root/told', '33333333');
      remember('4/cwd/here', '44444444');
      remember('5/root/var/lib/squall', 'half');
      run(1, []);
      run(2, ['--state', '/elsewhere']);
      run(3, [], 'SQUALL_STATE=/told');
      run(4, ['--state', 'here']);
      run(5, []);
      run(6, []);
      expect([...(await livingInstances(processes))].sort()).toEqual(['11111111', '22222222', '33333333', '44444444']);
    } finally {
      rmSync(processes, { recursive: true });
    }
  });
});
