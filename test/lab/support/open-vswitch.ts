import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

function isInstalled(program: string): boolean {
  return (process.env.PATH ?? '').split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/** Whether labs with Open vSwitch are tested here. On a machine of CI they always are: without it the tests fail there, and are not skipped. */
export const hasOpenVswitch = process.getuid?.() === 0 && (process.env.CI === 'true' || isInstalled('ovs-vswitchd'));
if (!hasOpenVswitch) console.log('SKIPPED: labs with Open vSwitch; they need root, and: apt-get install openvswitch-switch');
