import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import {
  dayOf,
  MAX_DAYS,
  parseBook,
  pruneBook,
  StatisticsStore,
  sumBook,
} from "../../src/ui/figures/statisticsStore.ts";

const TODAY = new Date(2025, 10, 21, 23, 59);

function storage(initial?: unknown) {
  let stored = initial;
  let numWrites = 0;
  return {
    get: () => structuredClone(stored),
    update: async (_key: string, value: unknown) => {
      numWrites++;
      stored = structuredClone(value);
    },
    get numWrites() {
      return numWrites;
    },
  };
}

function storeOn(memento: ReturnType<typeof storage>, now = TODAY) {
  const onChange = vi.fn();
  const onError = vi.fn();
  const store = new StatisticsStore({ storage: memento, now: () => now, onChange, onError });
  return { store, onChange, onError };
}

describe("StatisticsStore", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  test("adds up by day and language, and writes many counts at once", async () => {
    const memento = storage();
    const { store, onChange } = storeOn(memento);
    store.add("typescript", { shown: 1 });
    store.add("typescript", { shown: 1, accepted: 1 });
    store.add("python", { shown: 1 });
    expect(onChange).toHaveBeenCalledTimes(3);
    expect(memento.numWrites).toBe(0);
    await vi.advanceTimersByTimeAsync(5000);
    expect(memento.numWrites).toBe(1);
    expect(store.book).toEqual({
      "2025-11-21": { typescript: { shown: 2, accepted: 1 }, python: { shown: 1 } },
    });
    expect(store.today).toEqual({ shown: 3, accepted: 1 });
  });

  test("the figures of late are of the newest days that have twenty shown suggestions", () => {
    const days = {
      "2025-11-20": { go: { shown: 12, accepted: 6 } },
      "2025-11-19": { go: { shown: 5 }, rust: { shown: 2 } },
      "2025-11-18": { go: { shown: 90, accepted: 90 } },
    };
    const { store } = storeOn(storage(days));
    expect(store.recent).toEqual({ shown: 109, accepted: 96 });
    store.add("go", { shown: 1, accepted: 1 });
    expect(store.recent).toEqual({ shown: 20, accepted: 7 });
    expect(storeOn(storage({ "2025-11-20": { go: { shown: 19 } } })).store.recent).toBeUndefined();
  });

  test("loses nothing that another window counted meanwhile", async () => {
    const memento = storage();
    const [one, two] = [storeOn(memento).store, storeOn(memento).store];
    one.add("go", { shown: 1 });
    two.add("go", { shown: 2 });
    await one.flush();
    await two.flush();
    expect(storeOn(memento).store.today).toEqual({ shown: 3 });
  });

  test("parses the days it is asked for or counts on, however many are kept", async () => {
    const parsed: string[] = [];
    const watched = (day: string) =>
      new Proxy(
        { go: { shown: 1 } },
        {
          ownKeys: (target) => {
            parsed.push(day);
            return Reflect.ownKeys(target);
          },
        },
      );
    const days = Array.from({ length: MAX_DAYS + 1 }, (_, back) =>
      dayOf(new Date(2025, 10, 21 - back)),
    );
    let stored: unknown = Object.fromEntries(days.map((day) => [day, watched(day)]));
    const update = async (_key: string, value: unknown) => {
      stored = value;
    };
    const { store } = storeOn({ get: () => stored, update, numWrites: 0 } as never);
    expect(store.today).toEqual({ shown: 1 });
    expect(parsed).toEqual(["2025-11-21"]);
    store.add("go", { shown: 2 });
    expect(store.today).toEqual({ shown: 3 });
    await store.flush();
    expect(new Set(parsed)).toEqual(new Set(["2025-11-21"]));
    expect(Object.keys(store.book)).toEqual(days.slice(0, MAX_DAYS));
    expect(sumBook(store.book)).toEqual({ shown: MAX_DAYS + 2 });
    expect(store.today).toEqual({ shown: 3 });
  });

  test("adds to nothing where what is stored of a day is no count", async () => {
    const memento = storage({ "2025-11-21": "x", "2025-11-20": { go: { shown: "1" } }, other: 1 });
    const { store } = storeOn(memento);
    expect(store.today).toEqual({});
    store.add("go", { shown: 1 });
    await store.flush();
    expect(store.today).toEqual({ shown: 1 });
    expect(sumBook(store.book)).toEqual({ shown: 1 });
  });

  test("writes what is left when it is disposed, and no timer stays", async () => {
    const memento = storage();
    const { store } = storeOn(memento);
    store.add("go", { shown: 1 });
    await store[Symbol.asyncDispose]();
    expect(memento.numWrites).toBe(1);
    expect(vi.getTimerCount()).toBe(0);
  });

  test("forgets everything on reset", async () => {
    const memento = storage();
    const { store } = storeOn(memento);
    store.add("go", { shown: 1 });
    await store.reset();
    expect(store.book).toEqual({});
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe("pruneBook", () => {
  test("keeps ninety days up to today", () => {
    const days: Record<string, object> = {};
    for (let back = -3; back < 200; back++) {
      days[dayOf(new Date(2025, 10, 21 - back))] = { go: { shown: 1 } };
    }
    const kept = Object.keys(pruneBook(days as never, TODAY)).sort();
    expect(kept).toHaveLength(MAX_DAYS);
    expect(kept.at(-1)).toBe("2025-11-21");
    expect(kept[0]).toBe("2025-08-24");
  });
});

describe("parseBook", () => {
  test("takes what is a book and leaves the rest", () => {
    expect(parseBook(undefined)).toEqual({});
    expect(parseBook("x")).toEqual({});
    expect(
      parseBook({ "2025-11-21": { go: { shown: 1, accepted: "2" }, c: null }, other: {} }),
    ).toEqual({ "2025-11-21": { go: { shown: 1 }, c: {} } });
  });
});

describe("sumBook", () => {
  test("sums over days, languages, or both", () => {
    const book = {
      a: { go: { shown: 1 }, c: { shown: 2 } },
      b: { go: { shown: 4, tokens: 1 } },
    };
    expect(sumBook(book)).toEqual({ shown: 7, tokens: 1 });
    expect(sumBook(book, "a")).toEqual({ shown: 3 });
    expect(sumBook(book, undefined, "go")).toEqual({ shown: 5, tokens: 1 });
  });
});
