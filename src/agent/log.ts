import { formatInstant } from '../lib/index.ts';

export type LogLevel = 'debug' | 'info' | 'warn' | 'error';
export type Log = (level: LogLevel, message: string, facts?: Record<string, string | number | boolean>) => void;

/** One JSON object a line to standard error: small, since the agent must be. */
export const logToStderr: Log = (level, message, facts = {}) => {
  process.stderr.write(`${JSON.stringify({ time: formatInstant(Date.now()), level, part: 'agent', message, ...facts })}\n`);
};
