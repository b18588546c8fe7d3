/** What becomes of one sysctl that somebody wants set, or nobody wants set any more. Decides only. */

/**
 * @property was what it would be without us
 * @property replaced what `written` takes the place of, until that has been read back: a life that is cut off leaves either
 * @property owners uids of the validators that want it
 */
export type SetSysctl = { sysctl: string; was: string; written: string; replaced?: string; owners: string[] };

export type Setting =
  /** `entry` is to be in the ledger; `isWritten` says that the kernel is to get its value, after that. */
  { kind: 'hold'; entry: SetSysctl; isWritten: boolean } | { kind: 'leave' } | { kind: 'refuse'; why: string };

/**
 * Where it is as it is wanted and nobody has set it, it is not ours. Whatever somebody else made of it since is what it would be
 * without us.
 * @param read `before` anything of the same order was set, which may have changed this one too; and now. undefined: there is no such sysctl
 */
export function decideSetting(
  entry: SetSysctl | undefined,
  { before, current }: { before: string | undefined; current: string | undefined },
  { sysctl, value, owner }: { sysctl: string; value: string; owner: string },
): Setting {
  if (before === undefined || current === undefined) return { kind: 'refuse', why: 'there is no such sysctl' };
  if (entry === undefined && before === value && current === value) return { kind: 'leave' };
  const { owners = [] } = entry ?? {};
  const others = owners.filter((one) => one !== owner);
  if (entry !== undefined && entry.written !== value && others.length > 0) {
    return { kind: 'refuse', why: `another validator (uid ${others.join(', ')}) has it set to ${entry.written}` };
  }
  const was = entry !== undefined && (isOurs(entry, before) || before === value) ? entry.was : before;
  const replaced = current === value || current === was ? {} : { replaced: current };
  const held = { sysctl, was, written: value, ...replaced, owners: owners.includes(owner) ? owners : [...owners, owner] };
  return { kind: 'hold', entry: held, isWritten: current !== value };
}

/** `keep`: another validator wants it. `changed`: somebody has set it to something else since, and that stays. */
export type Release = { kind: 'keep'; entry: SetSysctl } | { kind: 'restore' } | { kind: 'gone' } | { kind: 'changed' };

/** @param owner who does not want it any more */
export function decideRelease(entry: SetSysctl, current: string | undefined, owner: string): Release {
  const owners = entry.owners.filter((one) => one !== owner);
  if (owners.length > 0) return { kind: 'keep', entry: { ...entry, owners } };
  // A former life that was killed before it could write has left it as it was.
  if (current === undefined || current === entry.was) return { kind: 'gone' };
  return isOurs(entry, current) ? { kind: 'restore' } : { kind: 'changed' };
}

function isOurs({ written, replaced }: SetSysctl, value: string): boolean {
  return value === written || value === replaced;
}
