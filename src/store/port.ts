import type { ObjectMeta } from '../api/index.ts';

/** What every object has; kinds without a spec (ConfigMap, Event, EndpointSlice) are stored too. */
export type AnyObject = { apiVersion: string; kind: string; metadata: ObjectMeta };

/** A kind as the server knows it. `objectType` is never set: it only carries the object's type to the calls. */
export type Resource<T extends AnyObject = AnyObject> = {
  apiVersion: string;
  kind: string;
  plural: string;
  namespaced: boolean;
  readonly objectType?: T;
};

/** Where an object is; `namespace` exactly when its kind is namespaced. */
export type ObjectKey = { namespace?: string; name: string };

/** An object as a server returned it. `resourceVersion` is opaque: compare it only for equality. */
export type Stored<T extends AnyObject> = T & {
  metadata: { uid: string; resourceVersion: string; creationTimestamp: string };
};

/** What create takes: a name, or a prefix that the server completes. */
export type NewObject<T extends AnyObject> = Omit<T, 'metadata'> & {
  metadata: (ObjectMeta & { generateName?: never }) | (Omit<ObjectMeta, 'name'> & { name?: never; generateName: string });
};

export type RequestOptions = {
  signal?: AbortSignal;
  /** Milliseconds until the call rejects with Unavailable. @default 10000 */
  timeoutMs?: number;
};

export type SelectOptions = {
  /** Absent: all namespaces. */
  namespace?: string;
  /** Kubernetes syntax, such as `app=shop,tier in (web,api)`. */
  labelSelector?: string;
  /** Kubernetes syntax; every server knows `metadata.name` and `metadata.namespace`. */
  fieldSelector?: string;
};

export type ListOptions = SelectOptions &
  RequestOptions & {
    /** Objects in one answer; the list itself is always complete. @default 500 */
    pageSize?: number;
  };

/** What is kept of each object, page by page: of a long list the rest would be memory for nothing. @default all of it */
export type Keep<T extends AnyObject> = { keep?: (object: Stored<T>) => Stored<T> };

export type WatchOptions = SelectOptions & {
  /** Only what happened after this version; a version that the server has forgotten is Expired. */
  resourceVersion: string;
  /** The server ends the watch after so many seconds. @default 300 */
  timeoutSeconds?: number;
  /** A connection without a byte for so long is given up as Unavailable. @default 90000 */
  silenceMs?: number;
};

export type WatchEvent<T extends AnyObject = AnyObject> =
  | { type: 'ADDED' | 'MODIFIED' | 'DELETED'; object: Stored<T> }
  /** Nothing changed, but resuming from here loses nothing. */
  | { type: 'BOOKMARK'; resourceVersion: string };

/** `null` removes an entry. */
export type MetadataPatch = {
  labels?: Record<string, string | null>;
  annotations?: Record<string, string | null>;
  /** Conflict when the object has changed since. */
  resourceVersion?: string;
};

/**
 * The port through which every room reads and writes objects. Every method rejects with a SquallError: NotFound,
 * AlreadyExists, Conflict (read again, then retry), Expired (list again), Unavailable (try later), InvalidInput,
 * PermissionDenied, NotImplemented (the server does not know the kind), Internal.
 */
export type Store = {
  get<T extends AnyObject>(resource: Resource<T>, key: ObjectKey, options?: RequestOptions): Promise<Stored<T>>;
  /** One consistent snapshot, however many answers it takes; a watch from its resourceVersion misses nothing. */
  list<T extends AnyObject>(
    resource: Resource<T>,
    options?: ListOptions & Keep<T>,
  ): Promise<{ items: Stored<T>[]; resourceVersion: string }>;
  /** The server drops a status given here: write it with updateStatus. */
  create<T extends AnyObject>(resource: Resource<T>, object: NewObject<T>, options?: RequestOptions): Promise<Stored<T>>;
  /** Replaces everything but the status. Conflict when `metadata.resourceVersion` is no longer the current one. */
  update<T extends AnyObject>(resource: Resource<T>, object: T, options?: RequestOptions): Promise<Stored<T>>;
  /** Replaces the status and nothing else, under the same precondition. */
  updateStatus<T extends AnyObject>(resource: Resource<T>, object: T, options?: RequestOptions): Promise<Stored<T>>;
  patchMetadata<T extends AnyObject>(
    resource: Resource<T>,
    key: ObjectKey,
    patch: MetadataPatch,
    options?: RequestOptions,
  ): Promise<Stored<T>>;
  /** With `uid`: Conflict when an object of that name but another uid is there. What it owns is deleted later. */
  delete<T extends AnyObject>(resource: Resource<T>, key: ObjectKey, options?: RequestOptions & { uid?: string }): Promise<void>;
  /** Ends quietly when the server ends it or the signal fires; otherwise rejects. Prefer listWatch or createCache. */
  watch<T extends AnyObject>(resource: Resource<T>, options: WatchOptions, signal: AbortSignal): AsyncIterable<WatchEvent<T>>;
  /** Closes idle connections. */
  close(): void;
};
