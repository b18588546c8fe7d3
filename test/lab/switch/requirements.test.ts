import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { requireSwitchPrograms, requireTunnelDevice } from '../../../src/lab/switch/requirements.ts';

describe('what a lab with Open vSwitch needs', () => {
  let empty: string;
  beforeEach(() => {
    empty = mkdtempSync(join(tmpdir(), 'squall-no-programs-'));
  });
  afterEach(() => {
    vi.unstubAllEnvs();
    rmSync(empty, { recursive: true });
  });

  it('is named with the packages that have it when it is missing', () => {
    vi.stubEnv('PATH', empty);
    expect(requireSwitchPrograms).toThrow(
      /no ovsdb-tool, ovsdb-server, ovs-vswitchd, ovs-vsctl, ethtool; .*apt-get install --no-install-recommends openvswitch-switch ethtool/,
    );
    expect(requireSwitchPrograms).toThrow(expect.objectContaining({ code: 'LabFailed' }));
  });

  it('is the device for tunnels, too, with its module and its place in a container', () => {
    const missing = join(empty, 'tun');
    expect(() => {
      requireTunnelDevice(missing);
    }).toThrow(/ENOENT.*modprobe tun.*--device/);
  });
});
