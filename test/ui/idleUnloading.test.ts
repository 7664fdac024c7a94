import { describe, expect, test, vi } from "vitest";
import type { CompletionQuery } from "../../src/session/broker/completionQuery.ts";
import { type Config, readConfig } from "../../src/ui/base/config.ts";
import type { Phase } from "../../src/ui/figures/status.ts";
import { IdleUnloading } from "../../src/ui/lifecycle/idleUnloading.ts";
import { FakeClock } from "../support/clock.ts";
import { suggestion } from "../support/completionResults.ts";
import { never } from "../support/fakeEngineClient.ts";

const MINUTE = 60_000;
const QUERY: CompletionQuery = {
  documentId: "a",
  languageId: "typescript",
  prefixText: "x",
  suffixText: "",
  trigger: "automatic",
};

function setUp(overrides: Partial<Config> = {}, wake: () => Promise<void> = async () => {}) {
  const clock = new FakeClock();
  const done: string[] = [];
  const defaults = readConfig(
    () => undefined,
    "",
    () => {},
  );
  const config = { ...defaults, targetPath: "m.gguf", ...overrides };
  const status: { phase: Phase } = { phase: "ready" };
  const unloading = new IdleUnloading(
    {
      status,
      sleep: async () => {
        done.push("sleep");
        status.phase = "asleep";
      },
      wake: async () => {
        done.push("wake");
        await wake();
        status.phase = "ready";
      },
      query: async () => {
        done.push("query");
        return { suggestion: suggestion(1, "y") };
      },
      prepare: ({ documentId }) => void done.push(documentId === "a" ? "prepare" : documentId),
    },
    clock,
    () => config,
  );
  unloading.settingsChanged();
  return { unloading, clock, done, status };
}

describe("IdleUnloading", () => {
  test("lets sleep after so many minutes without a question, and not before", async () => {
    const { unloading, clock, done } = setUp({ unloadAfterMinutes: 10 });
    clock.advance(9 * MINUTE);
    await unloading.query(QUERY, never);
    clock.advance(9 * MINUTE);
    expect(done).toEqual(["query"]);
    clock.advance(1 * MINUTE);
    expect(done.at(-1)).toBe("sleep");
    unloading[Symbol.dispose]();
    expect(clock.numWaiting).toBe(0);
  });

  test("wakes before it answers, and before it prepares a place", async () => {
    const { unloading, done, status } = setUp();
    status.phase = "asleep";
    expect(await unloading.query(QUERY, never)).toHaveProperty("suggestion");
    unloading.prepare(QUERY);
    status.phase = "asleep";
    unloading.prepare(QUERY);
    await vi.waitFor(() => expect(done).toEqual(["wake", "query", "prepare", "wake", "prepare"]));
  });

  test.each([
    ["another place", "prepare", (waking: IdleUnloading) => waking.prepare(QUERY)],
    ["a question", "query", (waking: IdleUnloading) => void waking.query(QUERY, never)],
  ])("prepares no place that was left for %s while the models were loaded", async (...args) => {
    const [, next, leave] = args;
    let load = () => {};
    const loaded = new Promise<void>((resolve) => {
      load = resolve;
    });
    const { unloading, done, status } = setUp({}, () => loaded);
    status.phase = "asleep";
    unloading.prepare({ ...QUERY, documentId: "left" });
    status.phase = "loading";
    leave(unloading);
    load();
    await new Promise((resolve) => setImmediate(resolve));
    expect(done).toEqual(["wake", next]);
  });

  test("a question whose asker gives up while the models are loaded says so", async () => {
    const { unloading, done, status } = setUp({}, () => new Promise(() => {}));
    status.phase = "asleep";
    const asker = new AbortController();
    const outcome = unloading.query(QUERY, asker.signal);
    asker.abort();
    expect(await outcome).toMatchObject({
      noSuggestion: { reason: "cancelled", detail: expect.stringContaining("loaded again") },
    });
    expect(done).toEqual(["wake"]);
  });

  test("what would be refused unasked neither wakes nor keeps awake; what is asked for does", async () => {
    const { unloading, clock, done } = setUp({ trigger: "paused", unloadAfterMinutes: 10 });
    clock.advance(9 * MINUTE);
    await unloading.query(QUERY, never);
    clock.advance(1 * MINUTE);
    expect(done).toEqual(["query", "sleep"]);
    await unloading.query({ ...QUERY, trigger: "invoke" }, never);
    expect(done).toEqual(["query", "sleep", "wake", "query"]);
  });

  test("never sleeps with 0 minutes", () => {
    const { clock, done } = setUp({ unloadAfterMinutes: 0 });
    clock.advance(10_000 * MINUTE);
    expect(done).toEqual([]);
    expect(clock.numWaiting).toBe(0);
  });
});
