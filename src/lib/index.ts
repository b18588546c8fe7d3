/**
 * The few general helpers that every room may use. Nothing of the domain comes in; what goes out is small, typed and without
 * state. This room imports nothing of ours.
 */
export { backoff } from './backoff.ts';
export { type Clock, formatInstant, formatMicroTime, systemClock } from './clock.ts';
export { formatDuration, parseDuration } from './duration.ts';
export { codeOf, type ErrorCode, errorFacts, isErrorCode, messageOf, SquallError } from './errors.ts';
export { firstFew } from './first-few.ts';
export { http, loadHttps } from './http.ts';
export { parsePercent } from './percent.ts';
export { isForbidden, isMissing, isNoFolder } from './system-errors.ts';
export { createThrottle } from './throttle.ts';
export { type ProgramOptions, type ProgramResult, runProgram } from './run-program.ts';
export { saysNoSuchQdisc } from './no-such-qdisc.ts';
export { startFailure } from './start-failure.ts';
