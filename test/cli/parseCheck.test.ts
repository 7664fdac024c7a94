import { spawnSync } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterEach, describe, expect, test, vi } from "vitest";
import { ParseCheck } from "../../src/cli/bench/parseCheck.ts";
import { NEVER } from "../support/never.ts";

const context = { cliUrl: new URL("../../dist/cli.mjs", import.meta.url).href };
const isThere = (command: string, ...args: string[]) => spawnSync(command, args).status === 0;

/** Texts that parse, and the same with an unfinished end. */
const CASES = [
  ["typescript", "a.ts", "const a: number = <any>1;\nclass B<T> { #c?: T }\n", true],
  ["typescript", "a.tsx", "export const A = () => <b>{1}</b>;\n", true],
  ["javascript", "a.js", "const a = b?.c ?? (await d);\n", true],
  ["python", "a.py", "def f(a: int) -> int:\n    return a\n", isThere("python3", "--version")],
  ["go", "a.go", "package a\n\nfunc f() {}\n", isThere("gofmt", "-h") || isThere("go", "version")],
  ["rust", "a.rs", "fn f<'a>(b: &'a str) {}\n", isThere("rustfmt", "--version")],
] as const;

afterEach(() => vi.unstubAllEnvs());

describe("ParseCheck", () => {
  test.each(CASES)("%s: %s is told by a parser, where it is there", async (...args) => {
    const [language, path, text, isParserThere] = args;
    const check = new ParseCheck(context);
    const parses = (middle: string) => check.parses(language, path, middle, NEVER);
    if (!isParserThere) {
      expect(await parses(text)).toBeNull();
      return;
    }
    expect(await parses(text)).toBe(true);
    expect(await parses(`${text}def (`)).toBe(false);
    expect(await check.parserOf(language, NEVER)).toMatch(/^(esbuild|Python's ast|gofmt|rustfmt)$/);
  });

  test("runs nothing of what it reads", async () => {
    const text = 'import os\nos._exit(7)\nraise SystemExit("run")\n';
    const told = await new ParseCheck(context).parses("python", "a.py", text, NEVER);
    expect(told).toBe(isThere("python3", "--version") ? true : null);
  });

  test("says nothing of a language without a parser, or where the parser is missing", async () => {
    const check = new ParseCheck(context);
    expect(await check.parses("kotlin", "a.kt", "fun f() {}", NEVER)).toBeNull();
    expect(await check.parserOf("kotlin", NEVER)).toBe("no parser");
    vi.stubEnv("PATH", "/nowhere");
    const elsewhere = new ParseCheck({ cliUrl: "file:///nowhere/dist/cli.mjs" });
    for (const [language, path, text] of CASES) {
      expect(await elsewhere.parses(language, path, text, NEVER)).toBeNull();
      expect(await elsewhere.parserOf(language, NEVER)).toMatch(/, which is missing here$/);
    }
  });

  test("finds Windows' script for esbuild below a path with spaces", async () => {
    const folder = await mkdtemp(join(tmpdir(), "treeline parse check "));
    const cliUrl = pathToFileURL(join(folder, "dist/cli.mjs")).href;
    const scripts = join(folder, "node_modules/.bin");
    await mkdir(scripts, { recursive: true });
    // Any shell runs it.
    await writeFile(join(scripts, "esbuild.cmd"), "exit 0\n", { mode: 0o755 });
    const { platform } = process;
    Object.defineProperty(process, "platform", { value: "win32" });
    const check = new ParseCheck({ cliUrl });
    Object.defineProperty(process, "platform", { value: platform });
    expect(await check.parses("typescript", "a.ts", "", NEVER)).toBe(true);
    await rm(folder, { recursive: true });
  });

  test("ends with the signal's reason", async () => {
    const check = new ParseCheck(context);
    await check.parses("typescript", "a.ts", "", NEVER);
    const aborted = check.parses("typescript", "a.ts", "const a = 1;", AbortSignal.abort());
    await expect(aborted).rejects.toMatchObject({ name: "AbortError" });
  });
});
