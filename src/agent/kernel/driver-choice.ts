/** Which driver this kernel has. */
import type { Capability, Driver } from '../../api/index.ts';
import { type Clock, saysNoSuchQdisc, SquallError } from '../../lib/index.ts';
import type { TrialOutcome } from '../../preflight/index.ts';

/** A kernel that has no netem may be given one, by a module that somebody loads. */
const lastsMs = 10_000;

/**
 * netem where the kernel has it and prio, else htb: whether the kernel has what that needs is the preflight's to say. What was found is
 * remembered, netem for good.
 */
export function createDriverChoice(
  clock: Pick<Clock, 'monotonic'>,
  tryCapability: (capability: Capability) => Promise<TrialOutcome>,
): () => Promise<Driver> {
  let last: { driver: Promise<Driver>; until: number } | undefined;
  const choose = async (): Promise<Driver> => {
    const outcomes = await Promise.all([tryCapability('netem'), tryCapability('prio')]);
    const failed = outcomes.filter(({ ok }) => !ok);
    const untold = failed.find(({ message }) => !saysNoSuchQdisc(message));
    if (untold !== undefined)
      throw new SquallError('KernelRefused', `TrialFailed: whether this kernel has netem could not be tried: ${untold.message}`);
    return failed.length === 0 ? 'netem' : 'htb';
  };
  return async () => {
    if (last !== undefined && ((await last.driver) === 'netem' || clock.monotonic() < last.until)) return await last.driver;
    const driver = choose();
    last = { driver, until: clock.monotonic() + lastsMs };
    // What could not be tried is no answer to keep.
    driver.catch(() => (last = undefined));
    return await driver;
  };
}
