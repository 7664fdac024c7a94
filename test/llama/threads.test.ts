import { availableParallelism } from "node:os";
import { describe, expect, test } from "vitest";
import { countThreads, ThreadGovernor } from "../../src/llama/native/threads.ts";

describe("ThreadGovernor", () => {
  const record = (
    governor: ThreadGovernor,
    numRows: number,
    passes: readonly number[],
    kvLength = 100,
  ) => passes.map((elapsedMs) => governor.record(numRows, kvLength, elapsedMs));

  test("lowers the count after five passes in a row that are three times slower than the best", () => {
    const governor = new ThreadGovernor({ now: 4, most: 4 });
    expect(record(governor, 1, [10, 31, 31, 31, 31])).toEqual(new Array(5).fill(undefined));
    expect(governor.record(1, 100, 31)).toBe(3);
    expect(governor.numThreads).toBe(3);
  });

  test("forgives slow passes between quick ones", () => {
    const governor = new ThreadGovernor({ now: 4, most: 4 });
    const passes = [10, ...[31, 31, 31, 31, 29], ...[31, 31, 31, 31, 29]];
    expect(record(governor, 1, passes)).toEqual(passes.map(() => undefined));
    expect(governor.numThreads).toBe(4);
  });

  test("compares passes of one size only", () => {
    const governor = new ThreadGovernor({ now: 4, most: 4 });
    record(governor, 1, [1]);
    expect(record(governor, 512, [100, 100, 100, 100, 100, 100])).not.toContain(3);
  });

  test("compares passes over a cache of about the same length only", () => {
    const governor = new ThreadGovernor({ now: 4, most: 4 });
    record(governor, 1, [1], 100);
    expect(record(governor, 1, [5, 5, 5, 5, 5, 5], 4000)).not.toContain(3);
    expect(record(governor, 1, [5, 5, 5, 5, 5], 400)).toContain(3);
  });

  test("measures anew with fewer threads, which may well be slower", () => {
    const governor = new ThreadGovernor({ now: 4, most: 4 });
    record(governor, 1, [10, 40, 40, 40, 40, 40]);
    expect(record(governor, 1, [40, 40, 40, 40, 40, 40])).toEqual(new Array(6).fill(undefined));
    expect(governor.numThreads).toBe(3);
  });

  test("keeps the count while it is frozen, and learns nothing of the passes meanwhile", () => {
    const governor = new ThreadGovernor({ now: 4, most: 4 });
    record(governor, 1, [10, 31, 31, 31, 31]);
    const frozen = governor.freeze();
    const passes = [1, ...new Array<number>(20).fill(1000)];
    expect(record(governor, 1, passes)).toEqual(passes.map(() => undefined));
    expect(governor.numThreads).toBe(4);
    frozen[Symbol.dispose]();
    // From there on as before: five slow passes in a row, against the best of those that counted.
    expect(record(governor, 1, [31, 31, 31, 31, 31])).toEqual([...new Array(4).fill(undefined), 3]);
  });

  test("tries again once the machine may be quiet, later each time that it is not, and never beyond the first count", () => {
    const governor = new ThreadGovernor({ now: 3, most: 3 });
    const lower = () => record(governor, 1, [10, 31, 31, 31, 31, 31]);
    const passesUntilRaised = () => {
      for (let numPasses = 1; numPasses < 20_000; numPasses++) {
        const before = governor.numThreads;
        if ((governor.record(1, 100, 10) ?? before) > before) return numPasses;
      }
      return Number.POSITIVE_INFINITY;
    };
    lower();
    expect(governor.numThreads).toBe(2);
    const first = passesUntilRaised();
    expect(governor.numThreads).toBe(3);
    lower();
    const second = passesUntilRaised();
    lower();
    const third = passesUntilRaised();
    expect([second / first, third / first]).toEqual([2, 4]);
    expect(governor.numThreads).toBe(3);
    expect(passesUntilRaised()).toBe(Number.POSITIVE_INFINITY);
  });

  test("goes up to all cores where few were idle at first", () => {
    const governor = new ThreadGovernor({ now: 1, most: 2 });
    expect(record(governor, 1, new Array<number>(300).fill(10)).at(-1)).toBe(2);
    expect(governor.numThreads).toBe(2);
  });

  test("gives a thread back that was added while the cores were taken, though its passes are all alike", () => {
    const governor = new ThreadGovernor({ now: 1, most: 2 });
    record(governor, 1, new Array<number>(300).fill(10));
    expect(governor.numThreads).toBe(2);
    expect(record(governor, 1, [40, 40, 40, 40, 40])).toEqual([...new Array(4).fill(undefined), 1]);
    // Later it takes twice as many passes until it tries again.
    record(governor, 1, new Array<number>(599).fill(10));
    expect(governor.numThreads).toBe(1);
    expect(governor.record(1, 100, 10)).toBe(2);
  });

  test("never goes below one thread", () => {
    const governor = new ThreadGovernor({ now: 2, most: 2 });
    record(governor, 1, [1, ...new Array<number>(5).fill(10)]);
    expect(governor.numThreads).toBe(1);
    const more = [1, ...new Array<number>(50).fill(1000)];
    expect(record(governor, 1, more)).toEqual(more.map(() => undefined));
    expect(governor.numThreads).toBe(1);
  });
});

describe("countThreads", () => {
  test.each([1, 2, 64])("of %i cores: one at least, no more than there are", async (mathCores) => {
    const { now, most } = await countThreads(mathCores);
    expect(most).toBe(Math.min(mathCores, availableParallelism()));
    expect(now).toBeGreaterThanOrEqual(1);
    expect(now).toBeLessThanOrEqual(most);
  });
});
