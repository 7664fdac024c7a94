import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { openIgnoreRules } from "../../src/workspace/ignoreRules.ts";
import { NEVER } from "../support/never.ts";

// One such pattern took seconds for each path, twice as long with every step more.
test("a pattern of the editor's settings is bounded as a rule of git's is", async () => {
  const root = await mkdtemp(join(tmpdir(), "treeline-excludes-"));
  try {
    const rules = await openIgnoreRules(root, [`${"a/**/".repeat(14)}b`], NEVER);
    expect(await rules.ignores(`${"a/".repeat(30)}c.ts`, false)).toBe(true);
    expect(await rules.ignores("src/c.ts", false)).toBe(false);
  } finally {
    await rm(root, { recursive: true });
  }
});
