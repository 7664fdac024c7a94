import { setImmediate } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { BackgroundTurns } from "../../src/engine/base/backgroundTurns.ts";
import { NEVER } from "../support/never.ts";

/** Whether a turn comes within a few rounds of the event loop. */
async function comes(turn: Promise<void>): Promise<boolean> {
  let hasCome = false;
  turn.then(
    () => {
      hasCome = true;
    },
    () => {},
  );
  for (let round = 0; round < 5; round++) await setImmediate();
  return hasCome;
}

describe("BackgroundTurns", () => {
  test("come between requests, and not while one of several runs", async () => {
    const turns = new BackgroundTurns();
    expect(await comes(turns.next(NEVER))).toBe(true);
    const first = turns.pause();
    const second = turns.pause();
    const waiting = turns.next(NEVER);
    expect(await comes(waiting)).toBe(false);
    first[Symbol.dispose]();
    first[Symbol.dispose]();
    expect(await comes(waiting)).toBe(false);
    second[Symbol.dispose]();
    expect(await comes(waiting)).toBe(true);
    expect(await comes(turns.next(NEVER))).toBe(true);
  });

  test("wait on where a request follows at once", async () => {
    const turns = new BackgroundTurns();
    const first = turns.pause();
    const waiting = turns.next(NEVER);
    await setImmediate();
    first[Symbol.dispose]();
    const second = turns.pause();
    expect(await comes(waiting)).toBe(false);
    second[Symbol.dispose]();
    expect(await comes(waiting)).toBe(true);
  });

  test("end with the signal, also while they wait", async () => {
    const turns = new BackgroundTurns();
    await expect(turns.next(AbortSignal.abort())).rejects.toThrow(/abort/i);
    using _ = turns.pause();
    const controller = new AbortController();
    const waiting = turns.next(controller.signal);
    await setImmediate();
    controller.abort();
    await expect(waiting).rejects.toThrow(/abort/i);
  });
});
