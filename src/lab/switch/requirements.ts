import { closeSync, openSync } from 'node:fs';
import { codeOf, messageOf, SquallError } from '../../lib/index.ts';
import { findProgram } from '../containers.ts';

/** Each program that a lab with Open vSwitch starts, and the Debian package that has it. */
const packageOf = {
  'ovsdb-tool': 'openvswitch-switch',
  'ovsdb-server': 'openvswitch-switch',
  'ovs-vswitchd': 'openvswitch-switch',
  'ovs-vsctl': 'openvswitch-switch',
  ethtool: 'ethtool',
} as const;

/** @throws SquallError LabFailed that names what is missing and where it is from */
export function requireSwitchPrograms(): void {
  const missing = Object.entries(packageOf).filter(([program]) => !isInstalled(program));
  if (missing.length === 0) return;
  const packages = [...new Set(missing.map(([, name]) => name))].join(' ');
  throw new SquallError(
    'LabFailed',
    `the topology asks for Open vSwitch, and this machine has no ${missing.map(([program]) => program).join(', ')}; ` +
      `install it (Debian, Ubuntu: apt-get install --no-install-recommends ${packages}), or remove the ConfigMap lab-switch`,
  );
}

/** Open vSwitch in user space gives the node its device through this file; that it is there does not say that it may be opened. */
export function requireTunnelDevice(path = '/dev/net/tun'): void {
  try {
    closeSync(openSync(path, 'r+'));
  } catch (cause) {
    throw new SquallError(
      'LabFailed',
      `Open vSwitch needs ${path}: ${messageOf(cause)}; load its module (modprobe tun), and give a container the device ` +
        `(docker run --device ${path}), or remove the ConfigMap lab-switch from the topology`,
      { cause },
    );
  }
}

function isInstalled(program: string): boolean {
  try {
    findProgram(program);
    return true;
  } catch (error) {
    if (codeOf(error) !== 'ToolMissing') throw error;
    return false;
  }
}
