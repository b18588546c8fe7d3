/**
 * A small shop: node shop.mjs frontend|checkout|payments|db|load
 *
 * Each tier is an HTTP server that asks the next one, over a new connection for every request, and answers with what it heard.
 * The load generator calls the frontend at a steady rate, whether or not answers come, and prints one line of JSON a second.
 * Environment: PORT (8080), RATE (requests a second, 2), RETRY_AFTER_MS (a tier that has it asks again, and again, whenever the next one
 * has not answered so fast: a retry storm in waiting), and the service variables that Kubernetes sets.
 */

// An import statement would load all that node:http can offer, WebSockets too, and double the time that a tier takes to start.
const http = process.getBuiltinModule('node:http');

/** Who asks whom, and how long a tier waits before it gives up: always less than the one that asks it. */
const tiers = {
  frontend: { next: 'CHECKOUT', timeoutMs: 3000 },
  checkout: { next: 'PAYMENTS', timeoutMs: 2500 },
  payments: { next: 'DB', timeoutMs: 2000 },
  db: {},
};

const role = process.argv[2];
const port = Number(process.env.PORT ?? 8080);

/** One GET over its own connection; rejects when no whole answer came in time or it is not 200. */
function get(service, timeoutMs) {
  const host = process.env[`${service}_SERVICE_HOST`];
  const servicePort = process.env[`${service}_SERVICE_PORT`];
  return new Promise((resolve, reject) => {
    const request = http.get({ host, port: servicePort, agent: false }, (response) => {
      let body = '';
      response.setEncoding('utf8');
      response.on('data', (chunk) => (body += chunk));
      response.on('error', reject);
      response.on('end', () => {
        if (response.statusCode === 200) resolve(JSON.parse(body));
        else reject(new Error(`${service.toLowerCase()} answered ${response.statusCode}`));
      });
    });
    const timer = setTimeout(() => request.destroy(new Error(`${service.toLowerCase()} took over ${timeoutMs} ms`)), timeoutMs);
    request.on('error', reject);
    request.on('close', () => clearTimeout(timer));
  });
}

const retryAfterMs = Number(process.env.RETRY_AFTER_MS ?? 0);

/** What many clients do: no backoff, no limit but their own time-out. */
async function getImpatiently(service, timeoutMs) {
  const until = performance.now() + timeoutMs;
  for (;;) {
    const next = performance.now() + retryAfterMs;
    try {
      return await get(service, retryAfterMs);
    } catch (error) {
      if (performance.now() > until) throw error;
    }
    // One that is refused at once waits all the same, and does not ask as fast as it can.
    await new Promise((resolve) => setTimeout(resolve, Math.max(0, next - performance.now())));
  }
}

function reply(response, status, body) {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify(body));
}

function serve({ next, timeoutMs }) {
  const ask = retryAfterMs > 0 ? getImpatiently : get;
  const server = http.createServer(async (request, response) => {
    if (request.url === '/healthz') return reply(response, 200, { role });
    const answer = { role, pod: process.env.HOSTNAME };
    try {
      reply(response, 200, next ? { ...answer, next: await ask(next, timeoutMs) } : answer);
    } catch (error) {
      reply(response, 502, { ...answer, error: error.message });
    }
  });
  server.listen(port, '::', () => console.log(JSON.stringify({ role, port, state: 'listening' })));
}

/** The value that a share of the sorted values does not exceed (nearest rank). */
function quantile(sorted, share) {
  return sorted.length === 0 ? null : Number(sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)].toFixed(1));
}

/**
 * Calls the shop until it has answered some times in a row, so that every tier has done its work once, then at a steady rate.
 * Only from then on it answers its readiness probe.
 */
async function generateLoad(rate) {
  const timeoutMs = 4000;
  for (let answersInARow = 0; answersInARow < 6;) {
    const answer = await get('FRONTEND', timeoutMs).catch(() => undefined);
    answersInARow = answer ? answersInARow + 1 : 0;
    if (!answer) await new Promise((resolve) => setTimeout(resolve, 500));
  }
  http.createServer((_, response) => reply(response, 200, { role })).listen(port, '::');

  let second = { requests: 0, errors: 0, times: [] };
  setInterval(async () => {
    const started = performance.now();
    const answer = await get('FRONTEND', timeoutMs).catch(() => undefined);
    // A request belongs to the second in which its end is known.
    second.requests += 1;
    if (answer) second.times.push(performance.now() - started);
    else second.errors += 1;
  }, 1000 / rate);
  setInterval(() => {
    const { requests, errors, times } = second;
    second = { requests: 0, errors: 0, times: [] };
    times.sort((a, b) => a - b);
    const time = new Date().toISOString();
    console.log(JSON.stringify({ time, requests, errors, p50: quantile(times, 0.5), p95: quantile(times, 0.95) }));
  }, 1000);
}

process.on('SIGTERM', () => process.exit(0));

if (role === 'load') generateLoad(Number(process.env.RATE ?? 2));
else if (Object.hasOwn(tiers, role ?? '')) serve(tiers[role]);
else throw new Error(`unknown role '${role}': expected frontend, checkout, payments, db or load`);
