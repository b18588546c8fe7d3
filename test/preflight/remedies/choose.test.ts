import { describe, expect, it } from 'vitest';
import {
  capabilityTrials,
  distributions,
  judgeCapability,
  judgeTool,
  lacks,
  remedies,
  type System,
} from '../../../src/preflight/index.ts';
import type { Capability } from '../../../src/api/index.ts';

const on = (distribution: System['distribution'], contained = false): System => ({
  distribution,
  programs: distribution,
  contained,
});
const capabilities = Object.keys(capabilityTrials) as Capability[];
const remedyOf = (capability: Capability, system: System) =>
  judgeCapability({ check: 'capability', capability }, { ok: false, message: 'no' }, system).remedy;

describe('a remedy', () => {
  it.each(distributions)('is there for every capability on %s, with nothing left to fill in', (distribution) => {
    for (const capability of capabilities) {
      expect(remedyOf(capability, on(distribution))).toMatch(/\w/);
      expect(remedyOf(capability, on(distribution))).not.toMatch(/[{}]/);
    }
  });

  it.each<[System['distribution'], string]>([
    ['debian', 'linux-image-cloud-amd64'],
    ['ubuntu', 'apt-get install linux-modules-extra-$(uname -r)'],
    ['rhel', 'dnf install kernel-modules-extra-$(uname -r)'],
    ['amazon-linux', 'kernel-modules-extra'],
    ['bottlerocket', 'settings.kernel.modules.sch_netem.allowed=true'],
    ['flatcar', '/etc/modules-load.d'],
    ['cos', 'ubuntu_containerd'],
    ['talos', '- name: sch_netem'],
    ['wsl2', '.wslconfig'],
    ['kind', 'not in the node'],
    ['minikube', 'minikube ssh -- sudo modprobe sch_netem'],
    ['other', 'modprobe sch_netem'],
  ])('for netem on %s says %s', (distribution, words) => {
    expect(remedyOf('netem', on(distribution))).toContain(words);
  });

  it('loads ifb without the two devices that it would make', () => {
    expect(remedyOf('ifb', on('debian'))).toContain("'modprobe ifb numifbs=0'");
  });

  it.each<[System, string]>([
    [on('debian'), 'apt-get install iproute2'],
    [on('rhel'), 'dnf install iproute-tc'],
    [on('other'), 'the package iproute2'],
    [{ ...on('debian', true), distribution: 'talos' }, 'apt-get install iproute2'],
    [on('debian', true), 'in the image of the container that this runs in'],
  ])('for a missing tc on %o says %s', (system, words) => {
    expect(judgeTool({ check: 'tool', tool: 'tc' }, undefined, system).remedy).toContain(words);
  });

  it('cites public addresses only', () => {
    for (const one of Object.values(remedies)) {
      for (const lack of lacks) for (const source of one[lack]?.sources ?? []) expect(source).toMatch(/^https:\/\/\S+$/);
    }
  });
});
