import { describe, expect, it } from 'vitest';
import { judgeCapability, judgeDevice, judgeDistribution, judgeTool } from '../../src/preflight/index.ts';

describe('judgeCapability', () => {
  it('names the module and the packages where a queueing discipline is missing', () => {
    const result = judgeCapability(
      { check: 'capability', capability: 'netem' },
      { ok: false, message: 'Error: Specified qdisc kind is unknown.' },
    );
    expect(result).toMatchObject({ ok: false, found: 'Error: Specified qdisc kind is unknown.' });
    expect(result.remedy).toMatch(/sch_netem/);
    expect(result.remedy).toMatch(/linux-modules-extra/);
    expect(result.remedy).toMatch(/kernel-modules-extra/);
  });

  it('has no remedy for what works', () => {
    expect(judgeCapability({ check: 'capability', capability: 'prio' }, { ok: true, message: '' })).toMatchObject({
      ok: true,
      remedy: '',
    });
  });
});

describe('judgeDevice', () => {
  const check = { check: 'device' as const, podUid: 'p', device: 'eth0' };
  const devices = ['lo', 'eth0'];

  it.each([
    ['the kernel’s default without a queue', { devices, roots: [{ kind: 'noqueue', handle: '0:' }] }, true],
    ['the kernel’s default with queues', { devices, roots: [{ kind: 'mq', handle: '0:' }] }, true],
    ['our own tree, kept by another fault', { devices, roots: [{ kind: 'prio', handle: 'fa17:' }] }, true],
    ['somebody’s own tree', { devices, roots: [{ kind: 'htb', handle: '1:' }] }, false],
    ['somebody’s tree under our handle', { devices, roots: [{ kind: 'htb', handle: 'fa17:' }] }, false],
    ['no such device', { devices: ['lo'], roots: [] }, false],
    ['no namespace', undefined, false],
  ])('of %s', (_, facts, ok) => {
    const result = judgeDevice(check, facts);
    expect(result.ok).toBe(ok);
    expect(result.remedy === '').toBe(ok);
  });

  it('names the devices that there are', () => {
    expect(judgeDevice({ ...check, device: 'eth1' }, { devices, roots: [] }).found).toMatch(/lo, eth0/);
  });
});

describe('judgeTool and judgeDistribution', () => {
  it.each([
    ['tc', 'iproute2'],
    ['nft', 'nftables'],
    ['fping', 'fping'],
  ])('name the package of %s: %s', (tool, name) => {
    expect(judgeTool({ check: 'tool', tool }, undefined).remedy).toMatch(new RegExp(` ${name}\\b`));
    expect(judgeTool({ check: 'tool', tool }, `/usr/bin/${tool}`)).toMatchObject({ ok: true, found: `/usr/bin/${tool}` });
  });

  it('say where a table was looked for', () => {
    const result = judgeDistribution({ check: 'distribution', distribution: 'pareto' }, undefined, ['/usr/lib/tc']);
    expect(result).toMatchObject({ ok: false, found: 'no pareto.dist in /usr/lib/tc' });
  });
});
