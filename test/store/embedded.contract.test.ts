import { storeContract } from './contract.ts';
import { startServer } from './support.ts';

storeContract('the embedded server on a unix socket', async () => {
  const server = await startServer();
  const namespaces = ['shop', 'bank'] as const;
  for (const name of namespaces) {
    await server.store.create(
      { apiVersion: 'v1', kind: 'Namespace', plural: 'namespaces', namespaced: false },
      { apiVersion: 'v1', kind: 'Namespace', metadata: { name } },
    );
  }
  return { ...server, namespaces };
});
