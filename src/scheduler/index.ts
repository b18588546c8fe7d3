/**
 * Decides when: which runs of a schedule are due, and why the others are not.
 * A schedule, its history and an instant come in, all times in milliseconds since 1970.
 * Ticks and their outcomes go out; this room is pure and starts nothing itself.
 */
export { decide, type Decision, type History, type Policy, type TickDecision } from './decide.ts';
export { mostMissed } from './due-ticks.ts';
export { runName, tickOfRun } from './run-name.ts';
export { type ClockChange, clockChangesMet } from './clock-changes.ts';
export { readTimetable, type Timetable, type TimetableResult, type Timing } from './timetable.ts';
export { type FinishedRun, runsToTrim } from './trim-history.ts';
