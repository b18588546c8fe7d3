/** Whether a kernel module is there to be used. */
import type { CheckResult, PreflightCheck } from '../api/index.ts';
import { moduleRemedy, type System, unknownSystem } from './remedies/choose.ts';

type ModuleCheck = Extract<PreflightCheck, { check: 'module' }>;

/** `untold`: it is not loaded, and this kernel does not tell all that is built into it. */
export type ModuleState = 'loaded' | 'built in' | 'absent' | 'untold';

/** What a kernel says of its modules. */
export type ModuleListing = {
  /** The text of /proc/modules; absent where the kernel cannot load modules. */
  loaded?: string;
  /** The text of modules.builtin of the kernel's own release; absent where there is none. */
  builtin?: string;
  /** Whether /sys/module has it: loaded, or built in with a parameter or a version. Not every built-in module is there. */
  inSysfs: boolean;
};

/** The kernel takes '-' and '_' in names for the same. */
const canonical = (name: string): string => name.replaceAll('-', '_');

/** A module that is only on its way in or out is not there. */
export function moduleState(module: string, { loaded, builtin, inSysfs }: ModuleListing): ModuleState {
  const name = canonical(module);
  const line = loaded?.split('\n').find((one) => canonical(one.split(' ')[0] ?? '') === name);
  // NAME SIZE REFERENCES USERS STATE ADDRESS
  if (line !== undefined) return line.split(' ')[4] === 'Live' ? 'loaded' : 'absent';
  const files = builtin?.split('\n').map((path) => canonical(path.replace(/^.*\//, '').replace(/\.ko(\.\w+)?$/, '')));
  if (inSysfs || files?.includes(name) === true) return 'built in';
  return builtin === undefined ? 'untold' : 'absent';
}

const foundWords: Record<ModuleState, string> = {
  loaded: 'loaded',
  'built in': 'built into the kernel',
  absent: 'absent: neither loaded nor built into the kernel',
  untold: 'not loaded, and this kernel has no list of what is built into it (modules.builtin)',
};

export function judgeModule(check: ModuleCheck, state: ModuleState, system: System = unknownSystem): CheckResult {
  const ok = state === 'loaded' || state === 'built in';
  const expected = `the module ${check.module} is loaded, or built into the kernel`;
  const untold = state === 'untold' ? 'ask for what it does by qdiscs or features, which are tried; or ' : '';
  return {
    check,
    ok,
    expected,
    found: foundWords[state],
    remedy: ok ? '' : `${untold}${moduleRemedy({ name: check.module }, system)}`,
  };
}
