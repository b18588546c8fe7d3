/** What the facts mean for whoever wants to run experiments here. Decides only. */
import { capabilityTrials, judgeCapability, judgeTool, type System } from '../../preflight/index.ts';
import { guestNeedsBytes } from '../../lab/index.ts';
import type { Capability, DoctorFacts } from './gather-facts.ts';

export type Finding = {
  check: string;
  /** `fail`: `squall run` cannot do its work, and there is no other way. */
  level: 'ok' | 'warn' | 'fail';
  found: string;
  /** Empty where there is nothing to do. */
  remedy: string;
};

/** Journals and samples of some dozens of runs. */
const littleSpace = 100 * 1024 * 1024;

export function diagnose(facts: DoctorFacts): Finding[] {
  return [
    diagnoseRights(facts),
    ...Object.keys(facts.tools).map((tool) => diagnoseTool(facts, tool)),
    ...diagnoseKernel(facts),
    diagnoseGuest(facts),
    ...diagnoseState(facts),
    diagnoseServe(facts),
    diagnoseSflow(facts),
    diagnoseLeftovers(facts),
  ];
}

const ok = (check: string, found: string): Finding => ({ check, level: 'ok', found, remedy: '' });

function diagnoseRights({ userId }: DoctorFacts): Finding {
  if (userId === 0) return ok('rights', 'root');
  return {
    check: 'rights',
    level: 'fail',
    found: `user ${String(userId)}`,
    remedy: 'changing networks needs root; run as root (sudo)',
  };
}

function diagnoseTool({ tools, system }: DoctorFacts, tool: string): Finding {
  const check = `tool ${tool}`;
  const there = tools[tool];
  if (there !== undefined) return ok(check, `${there.version} (${there.path})`);
  const { found, remedy } = judgeTool({ check: 'tool', tool }, undefined, system);
  // All but pings work without it; the guest runs this machine's programs, so it is no way out for the others.
  if (tool === 'fping') return { check, level: 'warn', found, remedy: `${remedy}; hypotheses of layer 3 are refused without it` };
  return { check, level: 'fail', found, remedy };
}

function diagnoseKernel(facts: DoctorFacts): Finding[] {
  const { capabilities, kernel, system } = facts;
  if (capabilities === undefined) {
    return [
      { check: 'kernel', level: 'warn', found: `Linux ${kernel}; what it can do was not tried`, remedy: 'run as root (sudo)' },
    ];
  }
  const wayOut = isGuestPossible(facts);
  const hasNetem = capabilities.netem.ok && capabilities.prio.ok;
  const trials = (Object.keys(capabilityTrials) as Capability[]).map((capability): Finding => {
    const check = `kernel ${capability}`;
    const result = judgeCapability({ check: 'capability', capability }, capabilities[capability], system);
    if (result.ok) return ok(check, result.found);
    if (hasNetem && onlyWithoutNetem.includes(capability))
      return ok(check, `${result.found}; not needed, for this kernel has netem`);
    if (!wayOut) return { check, level: 'fail', found: result.found, remedy: result.remedy };
    // Only a kernel without netem is left without being told to.
    const remedy = capabilities.netem.ok
      ? `${result.remedy}; or use the guest machine with '--guest always'`
      : "nothing need be done: run and serve use the guest machine ('--guest auto')";
    return { check, level: 'warn', found: result.found, remedy };
  });
  return [ok('kernel', `Linux ${kernel} (${systemWords(system)}); ${trialNote}`), ...trials];
}

const trialNote =
  'each capability was tried in a scratch namespace, for which the kernel may have loaded modules that stay loaded';

function systemWords({ distribution, contained }: System): string {
  const where = distribution === 'other' ? 'of what distribution is not known' : distribution;
  return contained ? `${where}, from within a container` : where;
}

/** What the driver htb needs, and netem does not. */
const onlyWithoutNetem: readonly Capability[] = ['htb', 'bpf-filter'];

/** As far as can be known without fetching it. */
function isGuestPossible({ userId, guest, tools }: DoctorFacts): boolean {
  if (guest.inside || userId !== 0 || guest.architecture !== 'x64') return false;
  const programs = ['unshare', 'tc', 'ip', 'nft', 'nsenter', 'setpriv'];
  if (programs.some((tool) => tools[tool] === undefined)) return false;
  return guest.kernel !== undefined || guest.freeBytes >= guestNeedsBytes;
}

function diagnoseGuest({ guest }: DoctorFacts): Finding {
  const check = 'guest machine';
  if (guest.inside) return ok(check, 'this is it');
  const accelerator = guest.kvm
    ? '/dev/kvm can be opened, the first start tries it'
    : 'no /dev/kvm: by software emulation, which is slow';
  if (guest.architecture !== 'x64') {
    const remedy = "it is built for x86_64 only; this machine's own kernel needs netem, and '--guest never'";
    return { check, level: 'warn', found: `none for ${guest.architecture}`, remedy };
  }
  if (guest.kernel !== undefined) return ok(check, `Linux ${guest.kernel} in ${guest.folder}; ${accelerator}`);
  const found = `not in ${guest.folder} yet; ${accelerator}`;
  if (guest.freeBytes >= guestNeedsBytes) {
    return { check, level: 'warn', found, remedy: 'the first start that needs it fetches 45 MB of Debian packages with apt' };
  }
  const remedy = `it needs ${megabytes(guestNeedsBytes)} and ${megabytes(guest.freeBytes)} are free; free some, or name another folder in SQUALL_GUEST_CACHE`;
  return { check, level: 'warn', found, remedy };
}

function diagnoseState({ state }: DoctorFacts): Finding[] {
  const check = 'state folder';
  const found = `${state.folder}${state.exists ? '' : ' (not made yet)'}`;
  if (!state.writable) {
    return [
      {
        check,
        level: 'fail',
        found: `${found} cannot be written`,
        remedy: 'name another folder with --state, or in SQUALL_STATE',
      },
    ];
  }
  const free = `${megabytes(state.freeBytes)} free`;
  const space: Finding =
    state.freeBytes >= littleSpace
      ? ok(check, `${found}, ${free}`)
      : {
          check,
          level: 'warn',
          found: `${found}, only ${free}`,
          remedy: 'free some: journals and reports of runs are kept there',
        };
  return [space, ok('state lock', state.locked ? 'taken: a squall works on it' : 'free')];
}

function diagnoseServe({ serve, state }: DoctorFacts): Finding {
  const check = 'running serve';
  if (serve === 'answers') return ok(check, 'answers');
  if (serve === 'none' || !state.locked) return ok(check, 'none');
  const remedy = "look into its log; 'squall status' asks it again";
  return { check, level: 'warn', found: 'has the state folder and does not answer', remedy };
}

function diagnoseLeftovers({ leftovers }: DoctorFacts): Finding {
  const check = 'left-overs';
  if (leftovers === undefined) return { check, level: 'warn', found: 'not looked for', remedy: 'run as root (sudo)' };
  const { found, unknown } = leftovers;
  const things = found.flatMap(({ namespace, instances, devices }) => [
    ...instances.map((instance) => `table squall_${instance} in ${namespace.path}`),
    ...devices.map((device) => `tree of ${device} in ${namespace.path}`),
  ]);
  const owned = found.reduce((sum, { kept }) => sum + kept.length, 0);
  const told = [
    ...(owned > 0 ? [`${String(owned)} in use by agents that are alive`] : []),
    ...shorten(things),
    ...shorten(unknown),
  ];
  if (things.length + unknown.length === 0) return ok(check, told.join('; ') || 'none');
  const remedy =
    "they hurt no traffic once their leases have ended; 'squall clean' removes this state folder's, 'squall clean --all' any";
  return { check, level: 'warn', found: told.join('; '), remedy };
}

/** What the collector asks for. */
const wantedReceiveBuffer = 4 * 1024 * 1024;

/** Only told: whoever uses no NetworkMonitor needs none of it. */
function diagnoseSflow({ sflow: { mostReceiveBufferBytes: most, openVswitch } }: DoctorFacts): Finding {
  const texts = [
    openVswitch ? 'a lab can have a switch that exports it' : 'a lab with a switch that exports it needs Open vSwitch',
  ];
  if (most !== undefined) {
    const hint =
      most < wantedReceiveBuffer ? `; bursts fit better into ${String(wantedReceiveBuffer)} (sysctl net.core.rmem_max)` : '';
    texts.push(`the collector gets a receive buffer of at most ${String(most)} bytes${hint}`);
  }
  return ok('sFlow', texts.join('; '));
}

const mostTold = 3;

function shorten(texts: readonly string[]): string[] {
  return texts.length <= mostTold ? [...texts] : [...texts.slice(0, mostTold), `and ${String(texts.length - mostTold)} more`];
}

function megabytes(bytes: number): string {
  return `${String(Math.floor(bytes / 1024 / 1024))} MB`;
}
