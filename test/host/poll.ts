/** Waiting for something outside this process to become true. */
import { performance } from "node:perf_hooks";
import { setTimeout as sleep } from "node:timers/promises";

export interface PollOptions {
  /** Milliseconds until it gives up; 20,000 by default. */
  readonly timeoutMs?: number;
  /** Milliseconds between two looks; 50 by default. */
  readonly everyMs?: number;
  /** Says in the error what was there instead, e.g. what the screen showed last. */
  readonly describe?: () => Promise<string> | string;
}

/**
 * Looks until `look` returns something other than `undefined` or `false`, and returns that.
 * A throwing `look` counts as "not yet": pages and sockets come and go while VS Code starts.
 *
 * @throws Error naming `what`, the last error and `describe()` when the time is up.
 */
export async function poll<T>(
  what: string,
  look: () => Promise<T | undefined | false> | T | undefined | false,
  options: PollOptions = {},
): Promise<T> {
  const { timeoutMs = 20_000, everyMs = 50 } = options;
  const endMs = performance.now() + timeoutMs;
  let lastError: unknown;
  for (;;) {
    try {
      const value = await look();
      if (value !== undefined && value !== false) return value;
      lastError = undefined;
    } catch (error) {
      lastError = error;
    }
    if (performance.now() >= endMs) break;
    await sleep(everyMs);
  }
  const there = options.describe === undefined ? "" : `; there was ${await options.describe()}`;
  throw new Error(`Gave up waiting for ${what} after ${timeoutMs} ms${there}`, {
    cause: lastError,
  });
}
