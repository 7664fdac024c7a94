import { describe, expect, test } from "vitest";
import { languageIdOfPath, syntaxOf } from "../../src/core/syntax/codeSyntax.ts";

describe("languageIdOfPath", () => {
  test.each([
    ["src/a.py", "python"],
    ["C:\\src\\A.YML", "yaml"],
    ["README.md", "markdown"],
    ["src/a.mts", "typescript"],
    ["src/a.tsx", "typescriptreact"],
    ["src/a.cjs", "javascript"],
    ["src/a.jsx", "javascriptreact"],
    ["src/a.go", "go"],
    ["src/a.unknown", undefined],
    ["a.b/Makefile", undefined],
    ["", undefined],
  ])("%s is %s", (path, expected) => {
    expect(languageIdOfPath(path)).toBe(expected);
  });
});

describe("syntaxOf", () => {
  test("a language that is not named is told by how its blocks begin", () => {
    expect(syntaxOf(undefined, "def f():\n  if a:\n    b()\n").isIndented).toBe(true);
    expect(syntaxOf(undefined, "switch (a) {\n  case 1:\n    b();\n}\n").isIndented).toBe(false);
  });

  test("a language without rules of its own has those of C", () => {
    expect(syntaxOf("zig", "")).toMatchObject({ countsBrackets: true, isIndented: false });
  });
});
