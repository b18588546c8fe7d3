import { afterAll } from 'vitest';
import { storeContract } from '../store/contract.ts';
import { adminOf } from './client.ts';

const client = adminOf();
afterAll(() => {
  client[Symbol.dispose]();
});

storeContract('a real API server', async () => {
  const namespaces = ['shop', 'bank'] as const;
  for (const name of namespaces) await client.must(['create', 'namespace', name]);
  return {
    store: client.store,
    namespaces,
    [Symbol.asyncDispose]: async () => {
      await client.must(['delete', 'namespace', ...namespaces, '--wait=false']);
    },
  };
});
