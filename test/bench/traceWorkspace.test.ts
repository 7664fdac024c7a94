import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { TraceWorkspace } from "../../tooling/traces/replay/traceWorkspace.ts";
import { joinVisible, visibleTokens } from "../../tooling/traces/trace/trace.ts";
import { NUM_RUNS } from "../support/numRuns.ts";

describe("visibleTokens", () => {
  test("keeps what differs, and gives the tokens back", () => {
    const tokens = fc.array(fc.nat(3)).map((all) => Int32Array.from(all));
    const property = fc.property(tokens, tokens, tokens, tokens, (start, hidden, other, end) => {
      const known = Int32Array.of(...start, ...hidden, ...end);
      const own = Int32Array.of(...start, ...other, ...end);
      const visible = visibleTokens(known, own);
      expect(joinVisible(known, visible)).toEqual(own);
      expect(visible.between.length).toBeLessThanOrEqual(other.length);
    });
    fc.assert(property, { numRuns: NUM_RUNS });
  });
});

describe("TraceWorkspace", () => {
  test("hides a place's span while it is there, and no other", () => {
    const files = [
      { path: "a.ts", tokens: Int32Array.of(1, 2, 3, 4, 5) },
      { path: "lib/b.ts", tokens: Int32Array.of(7, 8, 9) },
    ];
    const workspace = new TraceWorkspace({ index: 0, files });
    const tokensOf = (path: string) =>
      Array.from(workspace.index.files().find((file) => file.path === path)!.tokens);
    const place = (file: number, path: string, own: readonly number[], imported: number[]) => ({
      file,
      path,
      visible: visibleTokens(files[file]?.tokens ?? new Int32Array(0), Int32Array.from(own)),
      importedFiles: imported,
    });
    const first = workspace.enter(place(0, "a.ts", [1, 2, 5], [1]));
    expect(tokensOf("a.ts")).toEqual([1, 2, 5]);
    expect(first).toMatchObject({ folder: "", fileId: workspace.index.fileId("a.ts") });
    expect(first.importedIds).toEqual(new Set([workspace.index.fileId("lib/b.ts")]));
    workspace.enter(place(1, "lib/b.ts", [9], []));
    expect(tokensOf("a.ts")).toEqual([1, 2, 3, 4, 5]);
    expect(tokensOf("lib/b.ts")).toEqual([9]);
    expect(workspace.enter(place(-1, "lib/new.ts", [], []))).toMatchObject({ folder: "lib" });
    expect(tokensOf("lib/b.ts")).toEqual([7, 8, 9]);
  });
});
