/** Stretches of the workspace that are like a text: found by what is rare, whatever else the index has gone through. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { WorkspaceIndex } from "../../src/core/index/workspaceIndex.ts";
import { NUM_RUNS } from "../support/numRuns.ts";

const run = (length: number, start: number) =>
  Int32Array.from({ length }, (_, index) => start + index);
const ALL = { takes: () => true, maxStretches: 8 };

describe("WorkspaceIndex.likeStretches", () => {
  test("finds the stretch that shares most rare pairs, not what everybody has", () => {
    const index = new WorkspaceIndex(1_024);
    const common = run(20, 0);
    for (let file = 0; file < 60; file++) {
      index.setFile(
        `w/common${file}.ts`,
        Int32Array.from([...common, ...run(300, 1_000 * (file + 1))]),
      );
    }
    const liked = index.setFile(
      "w/liked.ts",
      Int32Array.from([...run(200, 90_000), ...run(30, 500), ...run(200, 91_000)]),
    );
    const less = index.setFile("w/less.ts", Int32Array.from([...run(70, 92_000), ...run(12, 500)]));
    const query = Int32Array.from([...common, ...run(30, 500), ...run(40, 95_000)]);
    const found = index.likeStretches(query, ALL);
    expect(found.map(({ fileId }) => fileId)).toEqual([liked, less]);
    expect(found[0]!.from).toBeLessThanOrEqual(200);
    expect(found[0]!.to).toBeGreaterThanOrEqual(230);
    expect(found[1]!.to).toBe(82);
    expect(found[0]!.likeness).toBeGreaterThan(found[1]!.likeness);
    const others = { ...ALL, takes: ({ id }: { id: number }) => id !== liked };
    expect(index.likeStretches(query, others).map(({ fileId }) => fileId)).toEqual([less]);
  });

  test("what it finds lies in the files, shares what it says and is none that is not taken, after any changes", () => {
    const tokens = fc.array(fc.nat(12), { maxLength: 200 }).map((all) => Int32Array.from(all));
    const change = fc.record({ file: fc.nat(5), tokens, isRemoved: fc.boolean() });
    fc.assert(
      fc.property(fc.array(change, { maxLength: 12 }), tokens, (changes, query) => {
        const index = new WorkspaceIndex(256);
        for (const { file, tokens: own, isRemoved } of changes) {
          if (isRemoved) index.removeFile(`w/${file}`);
          else index.setFile(`w/${file}`, own);
        }
        const takes = ({ path }: { path: string }) => path !== "w/0";
        const found = index.likeStretches(query, { takes, maxStretches: 3 });
        expect(found.length).toBeLessThanOrEqual(3);
        const pairs = (text: Int32Array) =>
          new Set(Array.from(text.slice(1), (token, at) => `${text[at]} ${token}`));
        const asked = pairs(query);
        for (const { fileId, from, to, likeness } of found) {
          const file = index.fileOf(fileId)!;
          expect(file.path).not.toBe("w/0");
          expect(from).toBeLessThan(to);
          expect(to).toBeLessThanOrEqual(file.tokens.length);
          expect(likeness).toBeGreaterThan(0);
          expect(likeness).toBeLessThanOrEqual(1 + 1e-9);
          const own = pairs(file.tokens.slice(Math.max(0, from - 1), to));
          expect([...own].filter((pair) => asked.has(pair)).length).toBeGreaterThanOrEqual(4);
        }
      }),
      { numRuns: NUM_RUNS },
    );
  });

  test("a file's revision is another one whenever its tokens change, and only then", () => {
    const index = new WorkspaceIndex();
    const id = index.setFile("w/a.ts", run(5, 0));
    const before = index.fileOf(id)!.revision;
    index.setFile("w/a.ts", run(5, 0), 7);
    index.touchFile("w/a.ts");
    expect(index.fileOf(id)!.revision).toBe(before);
    index.setFile("w/a.ts", run(6, 0));
    expect(index.fileOf(id)!.revision).not.toBe(before);
    expect(index.idsIn("w")).toEqual([id]);
    expect(index.idsIn("w/a.ts")).toEqual([]);
    index.removeFile("w/a.ts");
    expect(index.fileOf(id)).toBeUndefined();
  });
});
