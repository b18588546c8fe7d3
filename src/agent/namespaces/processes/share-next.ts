/**
 * However many ask at once, one look is taken at a time: who asks while one is under way shares the next with all others who do, so
 * that every answer is of a look that began after it was asked for.
 */
export function shareNext<T>(look: () => Promise<T>): () => Promise<T> {
  let underWay: Promise<unknown> = Promise.resolve();
  let next: Promise<T> | undefined;
  return async () => {
    next ??= underWay.then(async () => {
      next = undefined;
      const mine = look();
      // Whether it failed is the concern of those who asked for it.
      underWay = mine.catch(() => undefined);
      return await mine;
    });
    return await next;
  };
}
