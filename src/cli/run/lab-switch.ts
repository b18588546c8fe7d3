import { existsSync } from 'node:fs';
import { labStatus, readTopology } from '../../lab/index.ts';
import { instanceId } from '../state.ts';

/** Of the lab that a command brings up, or of the one that it finds up in its state folder. */
export async function labHasOpenVswitch(topologyFile: string | undefined, stateFolder: string): Promise<boolean> {
  if (topologyFile !== undefined) return (await readTopology({ file: topologyFile })).switch !== undefined;
  if (!existsSync(stateFolder)) return false;
  return (await labStatus({ stateFolder, instance: instanceId(stateFolder) }))?.switch !== undefined;
}
