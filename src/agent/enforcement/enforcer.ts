import type { CheckResult } from '../../api/index.ts';
import { messageOf, SquallError } from '../../lib/index.ts';
import { judgeSysctl, normaliseSysctl } from '../../preflight/index.ts';
import { readBootId } from '../kernel/ledger.ts';
import type { Log } from '../log.ts';
import { namespaceInode } from '../namespaces/files.ts';
import type { NodePlace } from '../node-checks/node-place.ts';
import { readSysctl, writeSysctl } from '../node-checks/sysctls.ts';
import { decideRelease, decideSetting, type SetSysctl } from './decide.ts';
import { readSysctlLedger, type SysctlLedger, writeSysctlLedger } from './ledger.ts';

export type WantedSysctl = { sysctl: string; value: string };

export type Enforcer = {
  /** Sets those of the node that differ; what the owner wanted before and does not want any more is set back. */
  apply(owner: string, wanted: readonly WantedSysctl[]): Promise<CheckResult[]>;
  /** Sets back what nobody else wants. Resolves to how many could not be. */
  release(owner: string): Promise<number>;
  /** Releases every owner but these. Resolves to how many sysctls could not be set back. */
  retain(owners: ReadonlySet<string>): Promise<number>;
};

/** The one hand in this process that sets sysctls: one call after the other, and each by the ledger of the state folder. */
export function createEnforcer(stateFolder: string, place: NodePlace, log: Log): Enforcer {
  let last: Promise<unknown> = Promise.resolve();
  const inTurn = async <T>(work: () => Promise<T>): Promise<T> => {
    const turn = last.then(work, work);
    last = turn.catch(() => undefined);
    return await turn;
  };

  /** @throws SquallError KernelRefused when it speaks of another network namespace, whose sysctls are not to be seen from here */
  async function open(): Promise<SysctlLedger> {
    const [bootId, inode] = await Promise.all([readBootId(), namespaceInode(place.netNamespace)]);
    if (inode === undefined) throw new SquallError('NotFound', `there is no network namespace at ${place.netNamespace}`);
    const known = await readSysctlLedger(stateFolder);
    // With the boot went what was set.
    if (known?.bootId !== bootId) return { version: 1, bootId, inode, entries: [] };
    if (known.inode !== inode && known.entries.length > 0) {
      const remedy = `run in the namespace with the inode ${String(known.inode)} what is to set them back`;
      throw new SquallError('KernelRefused', `the sysctls in ${stateFolder} were set in another network namespace; ${remedy}`);
    }
    return { ...known, inode };
  }

  async function save(ledger: SysctlLedger, sysctl: string, entry: SetSysctl | undefined): Promise<void> {
    const others = ledger.entries.filter((one) => one.sysctl !== sysctl);
    ledger.entries = entry === undefined ? others : [...others, entry];
    await writeSysctlLedger(stateFolder, ledger);
  }

  async function set(ledger: SysctlLedger, owner: string, { sysctl, value }: WantedSysctl): Promise<CheckResult> {
    const wanted = { sysctl, value: normaliseSysctl(value), owner };
    try {
      const entry = ledger.entries.find((one) => one.sysctl === sysctl);
      const setting = decideSetting(entry, await readSysctl(place, sysctl), wanted);
      if (setting.kind === 'refuse') return notSet(wanted, setting.why);
      if (setting.kind === 'hold') {
        await save(ledger, sysctl, setting.entry);
        if (setting.isWritten) await writeSysctl(place, sysctl, wanted.value);
        const read = await readSysctl(place, sysctl);
        if (read !== wanted.value) {
          // What it is set to would be taken for somebody else's.
          await writeSysctl(place, sysctl, setting.entry.was);
          await save(ledger, sysctl, undefined);
          return notSet(wanted, `the kernel makes '${read ?? ''}' of it; ask for that`);
        }
        if (setting.isWritten) log('info', 'sysctl set', { sysctl, was: setting.entry.was, written: wanted.value });
      }
      const check = { check: 'sysctl', sysctl, expect: { operator: 'equals', value: wanted.value } } as const;
      return judgeSysctl(check, await readSysctl(place, sysctl));
    } catch (error) {
      return notSet(wanted, messageOf(error));
    }
  }

  /** Whether nothing of it is left to do for this owner. */
  async function giveBack(ledger: SysctlLedger, owner: string, entry: SetSysctl): Promise<boolean> {
    const { sysctl, was, written } = entry;
    try {
      const current = await readSysctl(place, sysctl);
      const release = decideRelease(entry, current, owner);
      if (release.kind === 'restore') await writeSysctl(place, sysctl, was);
      if (release.kind === 'restore') log('info', 'sysctl set back', { sysctl, to: was });
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

  async function releaseFrom(ledger: SysctlLedger, owner: string, isStillWanted: (sysctl: string) => boolean): Promise<number> {
    let left = 0;
    const own = ledger.entries.filter(({ sysctl, owners }) => owners.includes(owner) && !isStillWanted(sysctl));
    for (const entry of own) if (!(await giveBack(ledger, owner, entry))) left += 1;
    return left;
  }

  return {
    apply: async (owner, wanted) =>
      await inTurn(async () => {
        const ledger = await open().catch(messageOf);
        if (typeof ledger === 'string') return wanted.map((one) => notSet(one, ledger));
        await releaseFrom(ledger, owner, (sysctl) => wanted.some((one) => one.sysctl === sysctl));
        const results: CheckResult[] = [];
        for (const one of wanted) results.push(await set(ledger, owner, one));
        return results;
      }),
    release: async (owner) => await inTurn(async () => await releaseFrom(await open(), owner, () => false)),
    retain: async (owners) =>
      await inTurn(async () => {
        // Most nodes have never had any set.
        if ((await readSysctlLedger(stateFolder)) === undefined) return 0;
        const ledger = await open();
        const gone = new Set(ledger.entries.flatMap((entry) => entry.owners).filter((owner) => !owners.has(owner)));
        let left = 0;
        for (const owner of gone) left += await releaseFrom(ledger, owner, () => false);
        return left;
      }),
  };
}

function notSet({ sysctl, value }: WantedSysctl, found: string): CheckResult {
  const check = { check: 'sysctl', sysctl, expect: { operator: 'equals', value } } as const;
  const remedy = "see the agent's log; what cannot be set from here is to be set on the node itself";
  return { check, ok: false, expected: `${sysctl} can be set to ${value}`, found, remedy };
}
