import { gatherKernelFacts } from '../../src/lab/index.ts';
import { delay } from './manifests.ts';

/** Of runs that are not about the fault: a delay, or, where the kernel has no netem, a loss. */
export async function mildFault(milliseconds: number): Promise<object> {
  const { netem } = await gatherKernelFacts();
  return netem.outcome === 'works' ? delay(milliseconds) : { type: 'loss', value: '30%' };
}
