import type { RequestOptions, Store } from './port.ts';

/** The same store until the signal fires: whatever is asked of it then, or was being asked, is cut off with Unavailable. */
export function storeUntil(store: Store, signal: AbortSignal): Store {
  const until = <Options extends RequestOptions>(options?: Options): Options & { signal: AbortSignal } =>
    ({ signal, ...options }) as Options & { signal: AbortSignal };
  return {
    get: (resource, key, options) => store.get(resource, key, until(options)),
    list: (resource, options) => store.list(resource, until(options)),
    create: (resource, object, options) => store.create(resource, object, until(options)),
    update: (resource, object, options) => store.update(resource, object, until(options)),
    updateStatus: (resource, object, options) => store.updateStatus(resource, object, until(options)),
    patchMetadata: (resource, key, patch, options) => store.patchMetadata(resource, key, patch, until(options)),
    delete: (resource, key, options) => store.delete(resource, key, until(options)),
    watch: (resource, options, own) => store.watch(resource, options, own),
    close: () => {
      store.close();
    },
  };
}
