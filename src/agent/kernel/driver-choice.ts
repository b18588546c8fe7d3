/** What this kernel has to hurt packets with. */
import type { Capability, Driver } from '../../api/index.ts';
import type { EgressWay } from '../../faults/index.ts';
import { type Clock, saysNoSuchQdisc, SquallError } from '../../lib/index.ts';
import { saysWhatIsMissing, type TrialOutcome } from '../../preflight/index.ts';

/** A kernel that lacks something may be given it, by a module that somebody loads. */
const lastsMs = 10_000;

type TryCapability = (capability: Capability) => Promise<TrialOutcome>;

/** netem where the kernel has it and prio, else htb: whether the kernel has what that needs is the preflight's to say. */
export function createDriverChoice(clock: Pick<Clock, 'monotonic'>, tryCapability: TryCapability): () => Promise<Driver> {
  return remembered(clock, 'netem', async () => {
    const outcomes = await Promise.all([tryCapability('netem'), tryCapability('prio')]);
    const failed = outcomes.filter(({ ok }) => !ok);
    const untold = failed.find(({ message }) => !saysNoSuchQdisc(message));
    if (untold !== undefined)
      throw new SquallError('KernelRefused', `TrialFailed: whether this kernel has netem could not be tried: ${untold.message}`);
    return failed.length === 0 ? 'netem' : 'htb';
  });
}

const neededToForward = ['ifb', 'nft-forward-egress'] as const;

/** A device of ours where the kernel can send there what goes out; a root of ours is always possible, but costs packets as it comes and goes. */
export function createEgressChoice(clock: Pick<Clock, 'monotonic'>, tryCapability: TryCapability): () => Promise<EgressWay> {
  return remembered(clock, 'own-device', async () => {
    const tried = await Promise.all(neededToForward.map(async (one) => ({ one, ...(await tryCapability(one)) })));
    const failed = tried.filter(({ ok }) => !ok);
    const untold = failed.find(({ one, message }) => !saysWhatIsMissing(one, message));
    if (untold !== undefined)
      throw new SquallError(
        'KernelRefused',
        `TrialFailed: whether this kernel has ${untold.one} could not be tried: ${untold.message}`,
      );
    return failed.length === 0 ? 'own-device' : 'own-root';
  });
}

/** @param best kept for good once it was found */
function remembered<Choice>(clock: Pick<Clock, 'monotonic'>, best: Choice, choose: () => Promise<Choice>): () => Promise<Choice> {
  let last: { choice: Promise<Choice>; until: number } | undefined;
  return async () => {
    if (last !== undefined && ((await last.choice) === best || clock.monotonic() < last.until)) return await last.choice;
    const choice = choose();
    last = { choice, until: clock.monotonic() + lastsMs };
    // What could not be tried is no answer to keep.
    choice.catch(() => (last = undefined));
    return await choice;
  };
}
