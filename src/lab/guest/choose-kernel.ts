import type { Driver } from '../../api/index.ts';
import { codeOf, messageOf, type ProgramResult, runProgram, saysNoSuchQdisc, SquallError } from '../../lib/index.ts';

export type GuestMode = 'auto' | 'always' | 'never';

/** Where a command runs, what acts on packets there, and why, in words for the person. */
export type KernelChoice = { where: 'host' | 'guest'; driver: Driver; why: string };

/** What an attempt to use netem in a throw-away namespace said. */
export type NetemTrial =
  { outcome: 'works' } | { outcome: 'missing' | 'refused'; text: string } | { outcome: 'toolMissing'; text: string };

export type KernelFacts = {
  userId: number;
  insideGuest: boolean;
  netem: NetemTrial;
  /** The lab's switch is Open vSwitch: an emulated processor is too slow for what goes through it. */
  hasOpenVswitch?: boolean;
};

const loadRemedy =
  'load it (modprobe sch_netem; on Ubuntu after apt-get install linux-modules-extra-$(uname -r)) or use --guest auto';
const toolRemedy = 'install it (apt-get install --no-install-recommends iproute2 util-linux)';

/**
 * Decides whether a command can do its work on this machine's kernel or needs the guest's. Only trial decides: lists of modules
 * say what a kernel may have, not what this process may use.
 */
export function chooseKernel(mode: GuestMode, { userId, insideGuest, netem, hasOpenVswitch = false }: KernelFacts): KernelChoice {
  if (insideGuest) return { where: 'host', driver: 'netem', why: 'already inside the guest machine' };
  // The guest runs this machine's own programs: what is missing here is missing there.
  if (netem.outcome === 'toolMissing') throw new SquallError('ToolMissing', `${netem.text}; ${toolRemedy}`);
  if (mode === 'always') return requireRoot(userId, { where: 'guest', driver: 'netem', why: 'asked for with --guest always' });
  if (userId !== 0) {
    const remedy = 'run as root (sudo), for network namespaces and for the guest machine alike';
    throw new SquallError('PermissionDenied', `changing networks needs root, and this is user ${String(userId)}; ${remedy}`);
  }
  if (netem.outcome === 'works') return { where: 'host', driver: 'netem', why: "this machine's kernel has netem" };
  const lack = netem.outcome === 'missing' ? 'has no netem' : 'does not let netem be used';
  const staysHere = mode === 'never' ? '--guest never was given' : "the lab's Open vSwitch is too much for the guest machine";
  if (mode === 'auto' && !(hasOpenVswitch && netem.outcome === 'missing')) {
    return { where: 'guest', driver: 'netem', why: `this machine's kernel ${lack} (tc: ${netem.text})` };
  }
  if (netem.outcome === 'missing') {
    const why = `${staysHere}; this machine's kernel ${lack} (tc: ${netem.text}), so that only loss, partition and rate can be done`;
    return { where: 'host', driver: 'htb', why };
  }
  throw new SquallError(
    'KernelRefused',
    `--guest never was given, and this machine's kernel ${lack} (tc: ${netem.text}); ${loadRemedy}`,
  );
}

function requireRoot(userId: number, choice: KernelChoice): KernelChoice {
  if (userId === 0) return choice;
  throw new SquallError(
    'PermissionDenied',
    `the guest machine needs root to serve this machine's files, and this is user ${String(userId)}; run as root (sudo)`,
  );
}

/** Reads the answer of the trial; undefined when a program was not found. */
export function readNetemTrial(result: ProgramResult): NetemTrial {
  if (result.code === 0) return { outcome: 'works' };
  const text =
    result.stderr
      .trim()
      .split('\n')[0]
      ?.replace(/^Error: /, '') ?? '';
  if (result.stderr.includes('failed to execute tc'))
    return { outcome: 'toolMissing', text: "the program 'tc' is not installed" };
  const outcome = saysNoSuchQdisc(result.stderr) ? 'missing' : 'refused';
  return { outcome, text: text === '' ? `exit code ${String(result.code)}` : text };
}

/** Tries netem and prio in a network namespace that vanishes with the trial; the kernel loads its module on the way, if it has it. */
export async function gatherKernelFacts(env: NodeJS.ProcessEnv = process.env): Promise<KernelFacts> {
  const insideGuest = env.SQUALL_GUEST === '1';
  const userId = process.getuid?.() ?? -1;
  if (insideGuest) return { userId, insideGuest, netem: { outcome: 'works' } };
  // The tree is a prio with netem below it: of no use is one without the other.
  const input = 'qdisc add dev lo root handle 1: prio\nqdisc add dev lo parent 1:1 netem delay 1ms\n';
  try {
    const result = await runProgram('unshare', ['--net', 'tc', '-batch', '-'], { input, timeoutMs: 10_000 });
    return { userId, insideGuest, netem: readNetemTrial(result) };
  } catch (error) {
    if (codeOf(error) !== 'ToolMissing') throw error;
    return { userId, insideGuest, netem: { outcome: 'toolMissing', text: messageOf(error) } };
  }
}
