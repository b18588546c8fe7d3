/** To be deleted by whoever integrates the branch of the lab's switch: `setLabSflowTarget` then comes from src/lab. */
import type { LabPlace } from '../../lab/index.ts';

export function setLabSflowTarget(..._: [LabPlace, { host: string; port: number }]): Promise<boolean> {
  return Promise.resolve(false);
}
