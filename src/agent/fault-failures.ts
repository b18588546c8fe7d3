/** What a failure at the kernel says of a fault that was held. */
import { codeOf, messageOf } from '../lib/index.ts';

export const isLeaseExpired = (error: unknown): boolean => messageOf(error).startsWith('LeaseExpired');

/** Somebody else has removed it. */
export function isFaultGone(error: unknown): boolean {
  return /^(GateGone|TreeGone|NotPrepared): /.test(messageOf(error));
}

/** The reason of a target that ends by it. */
export function reasonOf(error: unknown): string {
  return isLeaseExpired(error) ? 'LeaseExpired' : isFaultGone(error) ? 'FaultGone' : codeOf(error);
}
