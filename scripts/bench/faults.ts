/** What a fault costs: to apply, renew, end and undo it in many targets, and to those whose packets pass a gate that is closed. */
import { runApart } from './apart.ts';
import type { FaultsResult } from './faults-apart.ts';

export const benchFaults = async (args: string[]): Promise<FaultsResult> => await runApart<FaultsResult>('faults-apart.ts', args);
