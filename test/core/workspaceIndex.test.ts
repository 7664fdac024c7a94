import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { MAX_FILE_TOKENS, WorkspaceIndex } from "../../src/core/index/workspaceIndex.ts";
import { MAX_STEPS } from "../../src/core/index/workspaceSearch.ts";
import { decodeIndex, encodeIndex } from "../../src/core/index/workspaceSnapshot.ts";
import { comparableHits, NaiveWorkspace } from "../support/naiveWorkspace.ts";
import { NUM_RUNS } from "../support/numRuns.ts";
import { threadMs } from "../support/threadMs.ts";
import { brokenInvariant } from "../support/workspaceIntegrity.ts";

const ALL = { maxHits: 10_000, maxContinuation: 5 };
/** So small that a few files fill several, and one may not fit. */
const SHARD_TOKENS = 16;
const MAX_LENGTH = 24;
const PATHS = ["a.ts", "src/b.ts", "src/c.ts", "src/deep/d.ts", "e"];

const arbitraryPath = fc.constantFrom(...PATHS);
// At its usual size fast-check makes no array longer than ten.
const arbitraryTokens = fc.array(fc.nat(2), { maxLength: MAX_LENGTH, size: "max" });
const arbitraryOperation = fc.oneof(
  { weight: 4, arbitrary: fc.tuple(fc.constant("set"), arbitraryPath, arbitraryTokens) },
  { weight: 2, arbitrary: fc.tuple(fc.constant("edit"), arbitraryPath, arbitraryTokens) },
  { weight: 2, arbitrary: fc.tuple(fc.constant("remove"), arbitraryPath) },
  { weight: 2, arbitrary: fc.tuple(fc.constant("rename"), arbitraryPath, arbitraryPath) },
  { weight: 1, arbitrary: fc.tuple(fc.constant("touch"), arbitraryPath) },
  { weight: 2, arbitrary: fc.tuple(fc.constant("compact")) },
  { weight: 1, arbitrary: fc.tuple(fc.constant("reload")) },
  { weight: 4, arbitrary: fc.tuple(fc.constant("lookup"), arbitraryPath, arbitraryTokens) },
);

/** The index and its oracle, doing the same. */
class Pair {
  index = new WorkspaceIndex(SHARD_TOKENS);
  oracle = new NaiveWorkspace();
  /** Positions that may be in chains: fewer than a lookup may have steps, so that it must find everything. */
  #numWritten = 0;

  do([kind, path = "", argument]: readonly [string, string?, (string | number[])?]): void {
    const tokens = Array.isArray(argument) ? argument : [];
    switch (kind) {
      case "set":
        if (this.#numWritten + tokens.length >= MAX_STEPS) this.reload();
        this.#numWritten += tokens.length;
        expect(this.index.setFile(path, Int32Array.from(tokens), 7)).toBe(
          this.oracle.set(path, tokens),
        );
        break;
      case "edit": {
        // Shares a start with what is there, as a file that someone types in does.
        const known = this.oracle.files.get(path)?.tokens ?? [];
        const changed = [...known.slice(0, known.length / 2), ...tokens];
        this.do(["set", path, changed.slice(0, MAX_LENGTH)]);
        break;
      }
      case "remove":
        expect(this.index.removeFile(path)).toBe(this.oracle.remove(path));
        break;
      case "rename":
        expect(this.index.renameFile(path, String(argument))).toBe(
          this.oracle.rename(path, String(argument)),
        );
        break;
      case "touch":
        this.index.touchFile(path);
        break;
      case "compact":
        this.index.compactSlice();
        break;
      case "reload":
        this.reload();
        break;
      default:
        this.lookup(path, tokens);
    }
  }

  /** Into a new index through a snapshot; ids start anew. */
  reload(): void {
    const { files } = decodeIndex(encodeIndex(this.index.files(), "t"), "t");
    this.index = new WorkspaceIndex(SHARD_TOKENS);
    this.#numWritten = 0;
    const before = this.oracle;
    this.oracle = new NaiveWorkspace();
    expect(files).toBeDefined();
    for (const { path, tokens, stamp } of files ?? []) {
      expect(stamp).toBe(7);
      expect(Array.from(tokens)).toEqual(before.files.get(path)?.tokens);
      this.do(["set", path, Array.from(tokens)]);
    }
    expect(this.oracle.files.size).toBe(before.files.size);
  }

  lookup(path: string, context: readonly number[]): void {
    const fileId = this.index.fileId(path);
    const suffix = context.slice(0, 1 + (context.length % 3));
    const hits = this.index.lookup(
      Int32Array.from(context),
      { fileId, suffixTokens: Int32Array.from(suffix), folder: "src" },
      ALL,
    );
    const cursor = fileId === undefined ? undefined : { fileId, suffix };
    expect(comparableHits(hits)).toEqual(this.oracle.hits(context, ALL.maxContinuation, cursor));
    for (const [rank, { weight }] of hits.entries()) {
      expect(weight).toBeGreaterThan(0);
      if (rank > 0) expect(weight).toBeLessThanOrEqual(hits[rank - 1]!.weight);
    }
  }

  check(): void {
    expect(brokenInvariant(this.index)).toBeUndefined();
    expect(this.index.numTokens).toBe(this.oracle.numTokens);
    expect(this.index.numFiles).toBe(this.oracle.files.size);
    for (const [path, { id }] of this.oracle.files) expect(this.index.fileId(path)).toBe(id);
  }
}

describe("WorkspaceIndex", () => {
  test("finds what comparing at every place finds, whatever was added, changed, removed, renamed and compacted", () => {
    fc.assert(
      fc.property(fc.array(arbitraryOperation, { maxLength: 30, size: "max" }), (operations) => {
        const pair = new Pair();
        for (const operation of operations) {
          pair.do(operation);
          pair.check();
        }
        for (const context of [
          [0, 1],
          [2, 2, 2, 2, 2, 2],
          [1, 0, 1, 0, 1],
        ])
          pair.lookup("a.ts", context);
      }),
      { numRuns: 2 * NUM_RUNS },
    );
  });

  test("gives back what was removed, and joins what is left, once it is compacted", () => {
    const index = new WorkspaceIndex(24);
    for (let i = 0; i < 40; i++) index.setFile(`f${i}`, new Int32Array(10).fill(i));
    const { numBytes, shards } = index;
    const numShards = shards.length;
    for (let i = 0; i < 40; i++) if (i % 4 !== 0) index.removeFile(`f${i}`);
    let numSlices = 0;
    while (index.compactSlice()) {
      expect(brokenInvariant(index)).toBeUndefined();
      numSlices++;
    }
    expect(numSlices).toBeGreaterThan(2);
    expect(index.shards.length).toBeLessThan(numShards / 2);
    expect(index.numBytes).toBeLessThan(numBytes / 2);
    expect(index.numTokens).toBe(100);
  });

  test("takes memory for what it holds: full shards as they fill up, removed tokens until it is compacted", () => {
    const index = new WorkspaceIndex(1024);
    for (let i = 0; i < 20; i++) {
      index.setFile(`large${i}`, new Int32Array(600).fill(i));
      index.setFile(`small${i}`, new Int32Array(150).fill(i));
    }
    const perToken = () => {
      // What is no file: the record of each is about 500 bytes.
      return (index.numBytes - 515 * index.numFiles) / index.numTokens;
    };
    expect(perToken()).toBeLessThan(12);
    for (let i = 0; i < 20; i++) index.removeFile(`small${i}`);
    expect(perToken()).toBeGreaterThan(14);
    while (index.compactSlice()) expect(brokenInvariant(index)).toBeUndefined();
    expect(perToken()).toBeLessThan(13);
  });

  test("an id of a file that was removed is as good as none", () => {
    const index = new WorkspaceIndex(SHARD_TOKENS);
    const fileId = index.setFile("gone", Int32Array.of(1, 2, 3, 4));
    index.setFile("stays", Int32Array.of(1, 2, 5));
    index.removeFile("gone");
    index.compactSlice();
    expect(index.lookup(Int32Array.of(1, 2), { fileId }, ALL)).toHaveLength(1);
  });

  test("does not grow however often two files are saved in turn", () => {
    const index = new WorkspaceIndex(1024);
    const save = (turn: number) => {
      index.setFile(
        "a",
        Int32Array.from({ length: 200 }, (_, i) => i + turn),
      );
      index.setFile(
        "b",
        Int32Array.from({ length: 150 }, (_, i) => i * turn),
      );
    };
    for (let turn = 0; turn < 20; turn++) save(turn);
    const { numBytes } = index;
    for (let turn = 0; turn < 500; turn++) save(turn);
    expect(index.numBytes).toBeLessThanOrEqual(numBytes);
    expect(brokenInvariant(index)).toBeUndefined();
  });

  test("rewrites the last file in place", () => {
    const index = new WorkspaceIndex(4096);
    index.setFile("other", Int32Array.of(1, 2, 3));
    for (let length = 1000; length < 1100; length++) {
      index.setFile(
        "typed",
        Int32Array.from({ length }, (_, i) => i % 7),
      );
      expect(index.compactSlice()).toBe(false);
    }
    expect(brokenInvariant(index)).toBeUndefined();
    expect(index.numTokens).toBe(1102);
  });

  test("grows by a shard at a time, and costs at most 24 bytes per token from 10,000 tokens on", () => {
    const index = new WorkspaceIndex();
    let number = 1;
    for (let i = 0; i < 150; i++) {
      const tokens = Int32Array.from({ length: 1000 + i }, () => {
        number = (number * 48_271) % 0x7fffffff;
        return number % 5000;
      });
      const before = index.numBytes;
      index.setFile(`f${i}`, tokens);
      expect(index.numBytes - before).toBeLessThan(1_000_000);
      if (index.numTokens >= 10_000) {
        expect(index.numBytes / index.numTokens).toBeLessThan(24);
      }
    }
    expect(index.shards.length).toBe(3);
    expect(brokenInvariant(index)).toBeUndefined();
  });

  test("takes files that are longer than a shard, and lets them change", () => {
    const pair = new Pair();
    const long = Array.from({ length: 100 }, (_, i) => (i * i) % 3);
    pair.do(["set", "a.ts", long]);
    pair.do(["set", "e", [0, 1, 2, 0, 1]]);
    pair.do(["set", "a.ts", [...long, 1]]);
    pair.check();
    pair.lookup("e", [0, 1]);
    pair.do(["set", "a.ts", long.slice(0, 5)]);
    while (pair.index.compactSlice()) pair.check();
    pair.check();
    pair.lookup("e", [0, 1]);
    pair.do(["remove", "a.ts"]);
    pair.check();
  });

  test("stays fast where every token is the same", () => {
    const index = new WorkspaceIndex();
    const start = threadMs();
    index.setFile("a", new Int32Array(50_000).fill(7));
    index.setFile("b", new Int32Array(100_000).fill(7));
    index.setFile("a", new Int32Array(50_001).fill(7));
    const context = new Int32Array(64).fill(7);
    for (let i = 0; i < 500; i++) {
      const place = { fileId: index.fileId(i % 2 === 0 ? "a" : "b"), suffixTokens: context };
      const [best] = index.lookup(context, place, { maxHits: 16, maxContinuation: 48 });
      expect(best?.matchLength).toBe(64);
    }
    // About 30 ms; quadratic work would take minutes.
    expect(threadMs() - start).toBeLessThan(5000);
  });

  test("refuses a file that is too long or holds negative tokens, and stays as it was", () => {
    const index = new WorkspaceIndex();
    index.setFile("a", Int32Array.of(1, 2, 3));
    expect(() => index.setFile("a", Int32Array.of(1, -1))).toThrow("token 1 is -1");
    expect(() => index.setFile("b", new Int32Array(MAX_FILE_TOKENS + 1))).toThrow(RangeError);
    expect([index.numFiles, index.numTokens]).toEqual([1, 3]);
    expect(brokenInvariant(index)).toBeUndefined();
  });

  test("keeps a file's mark, and lists files in the order in which they were touched", () => {
    const index = new WorkspaceIndex();
    index.setFile("a", Int32Array.of(1), 10);
    index.setFile("b", Int32Array.of(2), 20);
    index.setFile("c", Int32Array.of(3), 30);
    index.touchFile("a");
    index.setFile("b", Int32Array.of(2), 21);
    expect(index.stampOf("b")).toBe(21);
    expect(index.stampOf("x")).toBeUndefined();
    expect(index.files().map(({ path, stamp }) => [path, stamp])).toEqual([
      ["c", 30],
      ["a", 10],
      ["b", 21],
    ]);
  });
});
