import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { CodeLexer } from "../../src/core/syntax/codeLexer.ts";
import { syntaxOf } from "../../src/core/syntax/codeSyntax.ts";
import { languageIdOfPath } from "../../src/core/syntax/languageOfPath.ts";

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
    ["a.b/Makefile", "makefile"],
    ["deps/CMakeLists.txt", "cmake"],
    [".env", "dotenv"],
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

/** What a language's comments look like. */
interface Comments {
  readonly line?: string;
  readonly block?: readonly [string, string];
}

/** By the languages that VS Code 1.139.1 brings along, from their configurations. */
const CONFIGURED: Readonly<Record<string, Comments>> = JSON.parse(
  readFileSync(new URL("../golden/languageComments.json", import.meta.url), "utf8"),
);

/** Those that are read otherwise, and why. */
const OTHERWISE: Readonly<Record<string, string>> = {
  python: "a text in triple quotes is a string",
  "git-commit": "a number sign in a sentence names an issue",
  restructuredtext: "two dots begin more than comments",
};

function lexerAfter(languageId: string, text: string): CodeLexer {
  const lexer = new CodeLexer(syntaxOf(languageId, ""));
  for (const char of text) lexer.push(char);
  return lexer;
}

function readsComments(languageId: string, { line, block }: Comments): boolean {
  const modeAfter = (text: string) => lexerAfter(languageId, text).mode;
  const isLine =
    line === undefined ||
    (modeAfter(`a\n${line} b`) === "lineComment" && modeAfter(`a\n${line} b\n`) === "code");
  if (block === undefined || !isLine) return isLine;
  const open = lexerAfter(languageId, `a\n${block[0]} b\nc `);
  const isBlock = open.mode === "block" && !open.isInString;
  return isBlock && modeAfter(`a\n${block[0]} b\n${block[1]} c`) === "code";
}

describe("comments as VS Code's language configurations have them", () => {
  test.each(Object.entries(CONFIGURED))("%s", (languageId, comments) => {
    expect(readsComments(languageId, comments)).toBe(!(languageId in OTHERWISE));
  });

  test.each(["go", "kotlin", "scala"])("a backslash in %s's raw strings is one", (languageId) => {
    const quote = languageId === "go" ? "`" : '"""';
    expect(lexerAfter(languageId, `a = ${quote}\\${quote}`).mode).toBe("code");
  });

  test.each(["a::b", "remember ", "Theorem x"])("no comment of a batch file: %s", (text) => {
    expect(lexerAfter("bat", text).mode).toBe("code");
  });
});
