/**
 * The argument array that runs a program inside a network namespace so that it cannot outlive whoever started it: the kernel kills
 * it when its parent dies (PR_SET_PDEATHSIG of prctl(2), set by util-linux's setpriv), also when that was kill -9.
 * @param path a file that names the namespace, such as /run/netns/NAME
 */
export function namespaceCommand(path: string, program: string, args: readonly string[]): { command: string; args: string[] } {
  return { command: 'setpriv', args: ['--pdeathsig', 'KILL', 'nsenter', `--net=${path}`, '--', program, ...args] };
}
