import http from 'node:http';

export type RawAnswer = {
  code: number;
  headers: http.IncomingHttpHeaders;
  body: { reason?: string; message?: string; [field: string]: unknown };
};

/** One request as it is, without what the client would check or add. */
export async function raw(
  socket: string,
  method: string,
  path: string,
  body?: unknown,
  headers: http.OutgoingHttpHeaders = {},
): Promise<RawAnswer> {
  return await new Promise((resolve, reject) => {
    const text = body === undefined ? undefined : typeof body === 'string' ? body : JSON.stringify(body);
    const type = text === undefined ? {} : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) };
    const request = http.request(
      { socketPath: socket, method, path, agent: false, headers: { ...type, ...headers } },
      (response) => {
        let answer = '';
        response.setEncoding('utf8').on('data', (chunk: string) => (answer += chunk));
        response.on('error', reject).on('end', () => {
          resolve({ code: response.statusCode ?? 0, headers: response.headers, body: JSON.parse(answer) as RawAnswer['body'] });
        });
      },
    );
    request.on('error', reject).end(text);
  });
}
