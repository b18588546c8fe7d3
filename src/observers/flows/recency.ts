/** Items in the order of their last use: a list whose links are in the items, so that using one costs the same among any number. */
export type Linked<Item> = { older: Item | undefined; newer: Item | undefined };

export type Recency<Item> = {
  /** Of an item that is not in the list: adds it. */
  use: (item: Item) => void;
  remove: (item: Item) => void;
  oldest: () => Item | undefined;
};

export function createRecency<Item extends Linked<Item>>(): Recency<Item> {
  let oldest: Item | undefined;
  let newest: Item | undefined;

  const remove = (item: Item): void => {
    const { older, newer } = item;
    if (older !== undefined) older.newer = newer;
    else if (oldest === item) oldest = newer;
    if (newer !== undefined) newer.older = older;
    else if (newest === item) newest = older;
    item.older = item.newer = undefined;
  };

  return {
    use: (item) => {
      if (newest === item) return;
      remove(item);
      item.older = newest;
      if (newest !== undefined) newest.newer = item;
      newest = item;
      oldest ??= item;
    },
    remove,
    oldest: () => oldest,
  };
}
