/**
 * Every error that Squall raises itself, by code. A code decides what a caller may do: the CLI's exit code, the HTTP
 * status of an API answer, whether trying again can help, and the reason written in conditions (the code itself).
 */
const errorTable = {
  InvalidInput: { exit: 2, http: 400, retry: false },
  NotImplemented: { exit: 2, http: 501, retry: false },
  PermissionDenied: { exit: 7, http: 403, retry: false },
  NotFound: { exit: 7, http: 404, retry: false },
  AlreadyExists: { exit: 7, http: 409, retry: false },
  Conflict: { exit: 7, http: 409, retry: true },
  Expired: { exit: 7, http: 410, retry: true },
  Unavailable: { exit: 7, http: 503, retry: true },
  StateInUse: { exit: 7, http: 409, retry: false },
  ToolMissing: { exit: 7, http: 500, retry: false },
  KernelRefused: { exit: 7, http: 500, retry: false },
  GuestFailed: { exit: 7, http: 500, retry: false },
  LabFailed: { exit: 7, http: 500, retry: false },
  CleanUpIncomplete: { exit: 5, http: 500, retry: true },
  Internal: { exit: 7, http: 500, retry: false },
} as const satisfies Record<string, { exit: number; http: number; retry: boolean }>;

export type ErrorCode = keyof typeof errorTable;

export class SquallError extends Error {
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'SquallError';
    this.code = code;
  }
}

export function errorFacts(code: ErrorCode): { exit: number; http: number; retry: boolean } {
  return errorTable[code];
}

export function isErrorCode(value: string): value is ErrorCode {
  return Object.hasOwn(errorTable, value);
}

/** The code of any thrown value; foreign errors are Internal. */
export function codeOf(error: unknown): ErrorCode {
  return error instanceof SquallError ? error.code : 'Internal';
}

/** A thrown value as one line of text, its causes joined by ': '. */
export function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause === undefined ? error.message : `${error.message}: ${messageOf(error.cause)}`;
}
