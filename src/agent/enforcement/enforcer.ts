import { isDeepStrictEqual } from 'node:util';
import type { CheckResult } from '../../api/index.ts';
import { messageOf, SquallError } from '../../lib/index.ts';
import { judgeSysctl, normaliseSysctl, sysctlFile } from '../../preflight/index.ts';
import type { Log } from '../log.ts';
import type { NodePlace } from '../node-checks/node-place.ts';
import { readSysctl, writeSysctl } from '../node-checks/sysctls.ts';
import { decideRelease, decideSetting, type SetSysctl } from './decide.ts';
import { readSysctlLedger, type SysctlLedger, writeSysctlLedger } from './ledger.ts';
import { openSysctlLedger } from './open-ledger.ts';

export type WantedSysctl = { sysctl: string; value: string };

export type Enforcer = {
  /** Sets those of the node that differ; what the owner wanted before and does not want any more is set back. */
  apply(owner: string, wanted: readonly WantedSysctl[]): Promise<CheckResult[]>;
  /** Sets back what nobody else wants. Resolves to how many could not be. */
  release(owner: string): Promise<number>;
  /** Releases every owner that does not want any, asked when its turn comes. Resolves to how many sysctls could not be set back. */
  retain(isWanting: (owner: string) => boolean): Promise<number>;
};

/** @property before what it was when the order came; undefined where there is no such sysctl. @property refusal why it is not set */
type Order = WantedSysctl & { before?: string; refusal?: string };

/** The one hand in this process that sets sysctls: one call after the other, and each by the ledger of the state folder. */
export function createEnforcer(stateFolder: string, place: NodePlace, log: Log): Enforcer {
  let last: Promise<unknown> = Promise.resolve();
  const inTurn = async <T>(work: () => Promise<T>): Promise<T> => {
    const turn = last.then(work, work);
    last = turn.catch(() => undefined);
    return await turn;
  };
  const open = async () => await openSysctlLedger(stateFolder, place.netNamespace, log);

  /** In the order in which they were first set, which setting back is the reverse of. */
  async function save(ledger: SysctlLedger, sysctl: string, entry: SetSysctl | undefined): Promise<void> {
    const entries = ledger.entries.flatMap((one) => {
      if (!isSameSysctl(one.sysctl, sysctl)) return [one];
      return entry === undefined ? [] : [entry];
    });
    if (entry !== undefined && entryOf(ledger, sysctl) === undefined) entries.push(entry);
    if (isDeepStrictEqual(entries, ledger.entries)) return;
    ledger.entries = entries;
    await writeSysctlLedger(stateFolder, ledger);
  }

  /** Resolves to why it is not set. */
  async function set(ledger: SysctlLedger, owner: string, { sysctl, value, before }: Order): Promise<string | undefined> {
    const former = entryOf(ledger, sysctl);
    const current = await readSysctl(place, sysctl);
    const setting = decideSetting(former, { before, current }, { sysctl, value, owner });
    if (setting.kind === 'refuse') return setting.why;
    if (setting.kind === 'leave') return undefined;
    const { entry, isWritten } = setting;
    await save(ledger, sysctl, entry);
    if (!isWritten) return undefined;
    const refusal = await writeSysctl(place, sysctl, value).then(() => undefined, messageOf);
    const read = await readSysctl(place, sysctl);
    if (read === value) {
      await save(ledger, sysctl, { sysctl: entry.sysctl, was: entry.was, written: value, owners: entry.owners });
      log('info', 'sysctl set', { sysctl, was: entry.was, written: value });
      return undefined;
    }
    if (read === current || read === undefined) await save(ledger, sysctl, former);
    else {
      // What it is set to would be taken for somebody else's.
      const made = { ...entry, written: read };
      await save(ledger, sysctl, made);
      await restore(ledger, made);
    }
    return refusal ?? `the kernel makes '${read ?? ''}' of it; ask for that`;
  }

  async function setAll(ledger: SysctlLedger, owner: string, wanted: readonly WantedSysctl[]): Promise<CheckResult[]> {
    const orders: Order[] = [];
    for (const { sysctl, value } of wanted) {
      const order = { sysctl, value: normaliseSysctl(value) };
      const read = readSysctl(place, sysctl).then((before) => ({ before }));
      orders.push({ ...order, ...(await read.catch((error: unknown) => ({ refusal: messageOf(error) }))) });
    }
    // The second time sets what others changed by being set after it.
    for (const order of [...orders, ...orders]) {
      if (order.refusal !== undefined) continue;
      order.refusal = await set(ledger, owner, order).catch(messageOf);
      order.before = order.value;
    }
    const results: CheckResult[] = [];
    for (const order of orders) results.push(await resultOf(order).catch((error: unknown) => notSet(order, messageOf(error))));
    return results;
  }

  async function resultOf({ refusal, ...wanted }: Order): Promise<CheckResult> {
    if (refusal !== undefined) return notSet(wanted, refusal);
    return judgeSysctl(checkOf(wanted), await readSysctl(place, wanted.sysctl));
  }

  /** @throws SquallError KernelRefused when it is not what it was; its entry stays */
  async function restore(ledger: SysctlLedger, entry: SetSysctl): Promise<void> {
    const { sysctl, was } = entry;
    await writeSysctl(place, sysctl, was);
    const read = await readSysctl(place, sysctl);
    if (read === was) {
      await save(ledger, sysctl, undefined);
      log('info', 'sysctl set back', { sysctl, to: was });
      return;
    }
    await save(ledger, sysctl, { ...entry, written: read ?? entry.written });
    throw new SquallError('KernelRefused', `the kernel makes '${read ?? ''}' of it`);
  }

  /** Whether nothing of it is left to do for this owner. */
  async function giveBack(ledger: SysctlLedger, owner: string, entry: SetSysctl): Promise<boolean> {
    const { sysctl, was, written } = entry;
    try {
      const current = await readSysctl(place, sysctl);
      const release = decideRelease(entry, current, owner);
      if (release.kind === 'restore') {
        await restore(ledger, entry);
        return true;
      }
      if (release.kind === 'changed') {
        log('warn', 'sysctl left as somebody else has set it since', { sysctl, current: current ?? 'absent', written, was });
      }
      await save(ledger, sysctl, release.kind === 'keep' ? release.entry : undefined);
      return true;
    } catch (error) {
      log('error', 'sysctl not set back', { sysctl, to: was, error: messageOf(error) });
      return false;
    }
  }

  /** The last that was set is the first that is set back: setting one may have changed what another was. */
  async function releaseFrom(ledger: SysctlLedger, owner: string, isStillWanted: (sysctl: string) => boolean): Promise<number> {
    let left = 0;
    const own = ledger.entries.filter(({ sysctl, owners }) => owners.includes(owner) && !isStillWanted(sysctl));
    for (const entry of own.toReversed()) if (!(await giveBack(ledger, owner, entry))) left += 1;
    return left;
  }

  return {
    apply: async (owner, wanted) =>
      await inTurn(async () => {
        const ledger = await open().catch(messageOf);
        if (typeof ledger === 'string') return wanted.map((one) => notSet(one, ledger));
        await releaseFrom(ledger, owner, (sysctl) => wanted.some((one) => isSameSysctl(one.sysctl, sysctl)));
        return await setAll(ledger, owner, wanted);
      }),
    release: async (owner) => await inTurn(async () => await releaseFrom(await open(), owner, () => false)),
    retain: async (isWanting) =>
      await inTurn(async () => {
        // Most nodes have never had any set.
        if ((await readSysctlLedger(stateFolder)) === undefined) return 0;
        const ledger = await open();
        const owners = new Set(ledger.entries.toReversed().flatMap((entry) => entry.owners));
        let left = 0;
        for (const owner of owners) if (!isWanting(owner)) left += await releaseFrom(ledger, owner, () => false);
        return left;
      }),
  };
}

/** Two ways to write a name, with dots or slashes, name one file. */
function isSameSysctl(one: string, other: string): boolean {
  return sysctlFile(one) === sysctlFile(other);
}

function entryOf({ entries }: SysctlLedger, sysctl: string): SetSysctl | undefined {
  return entries.find((one) => isSameSysctl(one.sysctl, sysctl));
}

function checkOf({ sysctl, value }: WantedSysctl) {
  return { check: 'sysctl', sysctl, expect: { operator: 'equals', value } } as const;
}

function notSet(wanted: WantedSysctl, found: string): CheckResult {
  const remedy = "see the agent's log; what cannot be set from here is to be set on the node itself";
  return { check: checkOf(wanted), ok: false, expected: `${wanted.sysctl} can be set to ${wanted.value}`, found, remedy };
}
