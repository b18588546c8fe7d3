/** One question to an sFlow-RT over HTTP. An answer is its status and its text, and never more than a megabyte. */
import { http, SquallError } from '../../../lib/index.ts';

export type Question = {
  method: 'GET' | 'PUT' | 'DELETE';
  path: string;
  body?: object;
  /** Until the last byte of the answer. */
  timeoutMs: number;
  signal: AbortSignal;
  /** It may wait for long: it gets a connection of its own. */
  waits?: boolean;
};

export type Reply = { status: number; text: string };

/** Rejects with Unavailable where there is no whole answer in time. */
export type AskSflowRt = (question: Question) => Promise<Reply>;

const longestAnswer = 1024 * 1024;

export function askOverHttp({ ip, port }: { ip: string; port: number }): { ask: AskSflowRt; close: () => void } {
  const agent = new http.Agent({ keepAlive: true, maxSockets: 8, maxFreeSockets: 4 });

  const ask: AskSflowRt = ({ method, path, body, timeoutMs, signal, waits = false }) =>
    new Promise((resolve, reject) => {
      const written = body === undefined ? undefined : JSON.stringify(body);
      const deadline = AbortSignal.timeout(timeoutMs);
      const fail = (error: unknown) => {
        const cause = deadline.aborted ? new Error(`it took longer than ${String(timeoutMs)} ms`) : error;
        reject(new SquallError('Unavailable', `${method} ${path} was not answered`, { cause }));
      };
      const request = http.request({
        host: ip,
        port,
        method,
        path,
        agent: waits ? false : agent,
        headers:
          written === undefined
            ? {}
            : { 'content-type': 'application/json', 'content-length': String(Buffer.byteLength(written)) },
        signal: AbortSignal.any([signal, deadline]),
      });
      request.on('error', fail);
      request.once('response', (response) => {
        const chunks: Buffer[] = [];
        let length = 0;
        response.on('data', (chunk: Buffer) => {
          length += chunk.length;
          if (length > longestAnswer) request.destroy(new Error(`expected at most ${String(longestAnswer)} bytes`));
          else chunks.push(chunk);
        });
        response.on('error', fail);
        response.once('end', () => {
          resolve({ status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString('utf8') });
        });
      });
      request.end(written);
    });

  return {
    ask,
    close: () => {
      agent.destroy();
    },
  };
}

/** The JSON of a good answer. @throws Unavailable of any other: a page of HTML, an error, half a text */
export function jsonOf({ method, path }: Pick<Question, 'method' | 'path'>, { status, text }: Reply): unknown {
  if (status !== 200) throw badAnswer(method, path, `status ${String(status)}`);
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw badAnswer(method, path, `status 200 and ${kindOf(text)}, which is no JSON`);
  }
}

export function badAnswer(method: string, path: string, what: string): SquallError {
  return new SquallError('Unavailable', `${method} ${path} was answered with ${what}`);
}

/** Never the text itself: who writes a monitor names the address, and may not be one who may read what answers there. */
function kindOf(text: string): string {
  if (text === '') return 'nothing';
  return text.trimStart().startsWith('<') ? 'a page of HTML' : `a text of ${String(text.length)} characters`;
}
