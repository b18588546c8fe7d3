/** Users' cron expressions, read by cron-parser. It walks over wall clocks as if they were UTC's, where no hour is missing or twice. */
import { type CronExpression, CronExpressionParser } from 'cron-parser';
import { messageOf } from '../lib/index.ts';

/** The wall clocks that an expression names, in milliseconds; undefined where there is none any more. */
export type Expression = {
  after(wall: number): number | undefined;
  atOrBefore(wall: number): number | undefined;
};

export type ExpressionResult = { ok: true; expression: Expression } | { ok: false; message: string };

/** cron-parser knows others too, and not @midnight. */
const nicknames: Partial<Record<string, string>> = {
  '@yearly': '0 0 1 1 *',
  '@annually': '0 0 1 1 *',
  '@monthly': '0 0 1 * *',
  '@weekly': '0 0 * * 0',
  '@daily': '0 0 * * *',
  '@midnight': '0 0 * * *',
  '@hourly': '0 * * * *',
};

const secondMs = 1000;
/** Any instant does: what is asked from it is whether there is a tick at all. */
const someWall = Date.UTC(2026, 0, 1);

/**
 * @param text 5 fields, 6 with seconds first, or a nickname
 * @param seed what `H` is drawn from: the same for the same schedule, always
 */
export function readExpression(text: string, seed: string): ExpressionResult {
  const fields = (nicknames[text.trim()] ?? text).trim().split(/\s+/);
  // cron-parser fills up what is missing, so that '* * * *' would be read as something else.
  if ((fields.length !== 5 && fields.length !== 6) || fields[0] === '') {
    const nicknameList = Object.keys(nicknames).join(', ');
    return { ok: false, message: `expected 5 cron fields, 6 with seconds first, or one of ${nicknameList}` };
  }
  const written = fields.join(' ');
  let parsed: CronExpression;
  try {
    parsed = CronExpressionParser.parse(written, { tz: 'UTC', currentDate: new Date(someWall), hashSeed: seed });
  } catch (error) {
    return { ok: false, message: `expected a cron expression; ${messageOf(error)}` };
  }
  const from = (wall: number): CronExpression => {
    parsed.reset(new Date(wall));
    return parsed;
  };
  const expression: Expression = {
    after: (wall) => oneOrNone(() => from(wall).next()),
    atOrBefore: (wall) => oneOrNone(() => from(Math.floor(wall / secondMs) * secondMs + secondMs).prev()),
  };
  if (expression.after(someWall) === undefined) {
    return { ok: false, message: 'expected an expression that names a day; no month has such a day' };
  }
  return { ok: true, expression };
}

/** cron-parser throws when it has looked far enough. */
function oneOrNone(find: () => { getTime(): number }): number | undefined {
  try {
    return find().getTime();
  } catch {
    return undefined;
  }
}
