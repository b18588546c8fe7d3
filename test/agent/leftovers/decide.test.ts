import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decideLeftovers } from '../../../src/agent/leftovers/decide.ts';
import { instanceIn } from '../../../src/agent/leftovers/living.ts';

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
    { words: agent, instance: alive },
    { words: ['grep', '--instance', alive], instance: undefined },
    { words: ['node', '--socket', '/s', '--node', 'n', '--instance'], instance: undefined },
    { words: ['node', '--socket', '/s', '--node', 'n', '--instance', '../x'], instance: undefined },
    { words: [''], instance: undefined },
  ])('is read off the arguments $words', ({ words, instance }) => {
    expect(instanceIn(words)).toBe(instance);
  });
});
