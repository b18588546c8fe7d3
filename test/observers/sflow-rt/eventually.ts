/** Asks again until what was expected holds; the last failure is told. */
export async function eventually(check: () => void | Promise<void>, withinMs = 10_000): Promise<void> {
  const endsAt = performance.now() + withinMs;
  for (;;) {
    try {
      await check();
      return;
    } catch (error) {
      if (performance.now() > endsAt) throw error;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}
