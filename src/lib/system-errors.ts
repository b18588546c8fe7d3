/** What an error of the operating system says, whatever else was thrown. */

/** That there is no such file or process; files of a process that has ended say ESRCH where they were open or about to be. */
export function isMissing(error: unknown): boolean {
  return isOneOf(error, ['ENOENT', 'ESRCH']);
}

/** That something is there, but is no folder. */
export function isNoFolder(error: unknown): boolean {
  return isOneOf(error, ['ENOTDIR']);
}

/** That this process may not look. */
export function isForbidden(error: unknown): boolean {
  return isOneOf(error, ['EACCES', 'EPERM']);
}

function isOneOf(error: unknown, codes: readonly string[]): boolean {
  return error instanceof Error && codes.includes((error as NodeJS.ErrnoException).code ?? '');
}
