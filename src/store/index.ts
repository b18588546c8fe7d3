/**
 * The one client of the Kubernetes HTTP API: it speaks to the embedded server over a unix socket and to a cluster over https.
 * Calls with a resource, a key and objects come in. Objects, a complete stream of changes or SquallErrors go out.
 */
export type {
  AnyObject,
  ListOptions,
  MetadataPatch,
  NewObject,
  ObjectKey,
  RequestOptions,
  Resource,
  SelectOptions,
  Store,
  Stored,
  WatchEvent,
  WatchOptions,
} from './port.ts';
export { type Cache, type CacheOptions, createCache } from './cache.ts';
export { type Change, keyOf, keyText, type Sighting } from './changes.ts';
export { createStore } from './client.ts';
export { listWatch, type ListWatchHandler, type ListWatchOptions, type WatchTrouble } from './list-watch.ts';
export { type Authorization, type Transport, transportFor, type TransportOptions } from './transport.ts';
export { storeUntil } from './until.ts';
export { sayWatchTrouble, type WatchTroubleFacts } from './watch-trouble.ts';
