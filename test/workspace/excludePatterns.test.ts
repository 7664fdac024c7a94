import ignore from "ignore";
import { describe, expect, test } from "vitest";
import {
  activePatterns,
  excludeGlob,
  expandBraces,
  ignoreLinesOf,
} from "../../src/workspace/excludePatterns.ts";

describe("activePatterns", () => {
  test("are those that are on, of all settings, without braces", () => {
    const files = { "**/.git": true, "**/*.{js,map}": true, "**/kept": false };
    const search = { "a/**": true, "**/*.js": { when: "$(basename).ts" } };
    expect(activePatterns(files, search).sort()).toEqual([
      "**/*.js",
      "**/*.map",
      "**/.git",
      "a/**",
    ]);
    expect(activePatterns(undefined, null, "nonsense", [])).toEqual([]);
  });
});

describe("excludeGlob", () => {
  test("holds the patterns, flat, and what lies below them", () => {
    const patterns = excludeGlob(["**/fixtures", "a/**", "b/{c,d}"]).slice(1, -1).split(",");
    expect(patterns).toEqual(
      expect.arrayContaining(["**/fixtures", "**/fixtures/**", "a/**", "b/c", "b/d/**"]),
    );
    expect(patterns).not.toContain("a/**/**");
    expect(patterns.join("")).not.toMatch(/[{}]/);
    expect(new Set(patterns).size).toBe(patterns.length);
  });

  test("leaves out what was installed or built, whatever the settings say", () => {
    const glob = excludeGlob([]);
    expect(glob).toContain("**/node_modules/**");
    expect(glob).toContain("**/dist/**");
  });
});

describe("ignoreLinesOf", () => {
  const leavesOut = (pattern: string, path: string) =>
    ignore()
      .add(ignoreLinesOf([pattern]))
      .ignores(path);

  test.each([
    ["**/node_modules", "a/node_modules/b.js"],
    ["**/*.{js,map}", "a/b.map"],
    ["*.js", "a.js"],
    ["out", "out/a.js"],
    ["out/", "out/a.js"],
    ["a/**", "a/b/c.ts"],
    ["a/{b,c}/d", "a/c/d/e.ts"],
    ["{a,{b,c}}/d", "c/d"],
    ["**", "a/b.ts"],
    ["a\\b", "a/b"],
    ["!a", "!a"],
    ["#a", "#a"],
    ["a ", "a /b"],
    ["a?[!b].ts", "axc.ts"],
  ])("%s leaves out %s", (pattern, path) => expect(leavesOut(pattern, path)).toBe(true));

  test.each([
    ["*.js", "a/b.js"],
    ["out", "a/out/b.js"],
    ["a/*", "b/a/c"],
    ["!a", "a"],
    ["a?[!b].ts", "axb.ts"],
    ["", "a"],
    ["/", "a"],
  ])("%s does not leave out %s", (pattern, path) => expect(leavesOut(pattern, path)).toBe(false));
});

describe("expandBraces", () => {
  test.each([
    ["a", ["a"]],
    ["{a,b}/c", ["a/c", "b/c"]],
    ["x{a,{b,c}}y", ["xay", "xby", "xcy"]],
    ["{a,b}{c,d}", ["ac", "ad", "bc", "bd"]],
    ["{a", ["{a"]],
    ["}{", ["}{"]],
    ["{}", [""]],
  ])("%s", (pattern, expected) => {
    expect(expandBraces(pattern).sort()).toEqual([...expected].sort());
  });

  test("takes a pattern as it is that would stand for too many", () => {
    const pattern = "{a,b}".repeat(40);
    expect(expandBraces(pattern)).toEqual([pattern]);
  });
});
