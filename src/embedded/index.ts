/**
 * The embedded API server: on one machine it stands in for a cluster's API server, over SQLite and a unix socket.
 * Requests in the Kubernetes HTTP API's own form come in, and a table of the kinds that are served.
 * Objects, watches and Status answers go out; what was acknowledged survives kill -9.
 */
export { type EmbeddedServer, type EmbeddedServerOptions, startEmbeddedServer } from './server.ts';
export type { EmbeddedResource } from './resources.ts';
export type { StoredObject } from './records.ts';
export { listenOnSocket } from './socket.ts';
