import { SquallError } from '../../../src/lib/index.ts';
import type { Store } from '../../../src/store/index.ts';

/** A store that answers until it is cut off: nothing is heard of it then, as of one behind a broken network. */
export function severable(store: Store): Store & { cut: boolean } {
  const through = <Answer>(call: () => Promise<Answer>): Promise<Answer> =>
    wrapped.cut ? Promise.reject(new SquallError('Unavailable', 'cut off')) : call();
  const wrapped: Store & { cut: boolean } = {
    cut: false,
    get: (...args) => through(() => store.get(...args)),
    list: (...args) => through(() => store.list(...args)),
    create: (...args) => through(() => store.create(...args)),
    update: (...args) => through(() => store.update(...args)),
    updateStatus: (...args) => through(() => store.updateStatus(...args)),
    patchMetadata: (...args) => through(() => store.patchMetadata(...args)),
    delete: (...args) => through(() => store.delete(...args)),
    watch: (...args) => store.watch(...args),
    close: () => {
      store.close();
    },
  };
  return wrapped;
}
