/** What is opened when it is first asked for, and then shared: nobody who watches no network needs a socket for it. */
export type OnDemand<Thing> = {
  /** One for all who ask at once. A failure is not remembered: whoever asks again tries again. */
  open: () => Promise<Thing>;
  /** Undefined until it is open, and when it has ended by itself. */
  opened: () => Thing | undefined;
  /** Why the last try failed; undefined while there was none, once it is open, and where nobody wants it any more. */
  failure: () => unknown;
  /** Nobody wants it any more: that it could not be opened is nobody's trouble. */
  unwanted: () => void;
  close: () => Promise<void>;
};

/** @param openThing `ended`: to be called when the thing has ended by itself; whoever asks then gets another */
export function onDemand<Thing extends { close(): Promise<void> }>(
  openThing: (ended: () => void) => Promise<Thing>,
): OnDemand<Thing> {
  let opening: Promise<Thing> | undefined;
  let opened: Thing | undefined;
  let failure: unknown;

  function begin(): Promise<Thing> {
    const mine = openThing(() => {
      if (opening === mine) forget();
    });
    return mine;
  }
  function forget(): void {
    opening = undefined;
    opened = undefined;
  }

  return {
    open: async () => {
      const mine = (opening ??= begin());
      try {
        const thing = await mine;
        if (opening === mine) [opened, failure] = [thing, undefined];
        return thing;
      } catch (error) {
        if (opening === mine) forget();
        failure = error;
        throw error;
      }
    },
    opened: () => opened,
    failure: () => failure,
    unwanted: () => {
      failure = undefined;
    },
    close: async () => {
      // One that is just being opened would otherwise stay open.
      const last = await opening?.catch(() => undefined);
      forget();
      failure = undefined;
      await last?.close();
    },
  };
}
