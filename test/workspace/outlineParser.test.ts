/** Outlines of real files and of made-up ones, hostile ones among them, by the real parser. */
import { globSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { MAX_ENTRY_CHARS, textWithCuts } from "../../src/core/prompt/outline.ts";
import {
  MAX_OUTLINE_MS,
  MAX_OUTLINED_CHARS,
  OutlineParser,
} from "../../src/workspace/outlineParser.ts";
import { loadTreeSitter } from "../../src/workspace/treeSitter.ts";
import { NUM_RUNS } from "../support/numRuns.ts";
import { threadMs } from "../support/threadMs.ts";

const SOURCES = join(import.meta.dirname, "../../src");

const warnings: string[] = [];
const parser = new OutlineParser((level, message) => warnings.push(`${level} ${message}`));
const noPause = async () => {};
const outlineOf = (path: string, text: string) => parser.outline(path, text, noPause);
const textOf = async (path: string, text: string) =>
  (await outlineOf(path, text)).map((entry) => entry.text).join("\n");
const lines = (...parts: readonly string[]) => parts.join("\n");

describe("OutlineParser", () => {
  test("TypeScript: what is exported, without bodies, comments, private members and long values", async () => {
    const source = lines(
      "/** Of the file. */",
      'import { X } from "./x.ts";',
      "const hidden = 1;",
      "export const LIMIT = 64;",
      "export const TABLE = {",
      "  a: 1,",
      "};",
      "export const add = (a: number, b: number): number => {",
      "  return a + b;",
      "};",
      "/** Doc. */",
      "export abstract class Store<T> extends Base {",
      "  readonly #items: T[] = [];",
      "  private secret = 1;",
      '  readonly name: string = "store"; // its name',
      "  constructor(private readonly path: string) { super(); }",
      "  get size(): number { return this.#items.length; }",
      "",
      "  /** Doc. */",
      "  async load(from: string, { deep = false }: Options = {}): Promise<T[]> {",
      "    return this.#read(from);",
      "  }",
      "  async #read(from: string) { return []; }",
      "  abstract close(): void;",
      "}",
      "export interface Options {",
      "  // How far.",
      "  readonly deep?: boolean;",
      "}",
      "export default function (x: X) { return x; }",
      "function listed(a: X): X { return a; }",
      "function unlisted() {}",
      "export { listed as renamed };",
      'export * from "./others.ts";',
    );
    expect(await textOf("a/b.ts", source)).toBe(
      lines(
        "export const LIMIT = 64;",
        "export const TABLE;",
        "export const add = (a: number, b: number): number => {};",
        "export abstract class Store<T> extends Base {",
        '  readonly name: string = "store";',
        "  constructor(private readonly path: string);",
        "  get size(): number;",
        "  async load(from: string, { deep = false }: Options = {}): Promise<T[]>;",
        "  abstract close(): void;",
        "}",
        "export interface Options {",
        "  readonly deep?: boolean;",
        "}",
        "export default function (x: X);",
        "function listed(a: X): X;",
      ),
    );
    const names = (await outlineOf("a/b.ts", source)).map((entry) => entry.names.join(" "));
    expect(names).toEqual(["LIMIT", "TABLE", "add", "Store", "Options", "", "listed"]);
  });

  test("JavaScript without exports: everything at the top", async () => {
    const source =
      "function a(x) { return x; }\nclass B { m() { return 1; } }\nmodule.exports = { a };\n";
    expect(await textOf("a.cjs", source)).toBe("function a(x);\nclass B { m(); }");
  });

  test("Python: definitions and constants, without docstrings and what begins with an underscore", async () => {
    const source = lines(
      '"""Doc."""',
      "from .x import y",
      "LIMIT: int = 3",
      "TABLE = {",
      "    1: 2,",
      "}",
      "_HIDDEN = 1",
      "if TYPE_CHECKING:",
      "    ALSO = 4",
      "@dataclass",
      "class Store(Base):",
      '    """Doc."""',
      "    name: str = 'a'  # its name",
      "    def __init__(self, path: str) -> None:",
      "        # why",
      "        self.path = path",
      "    @property",
      "    def size(self) -> int:",
      '        """Doc."""',
      "        return 1",
      "    def _read(self):",
      "        pass",
      "async def load(a, *, b=1) -> Store:",
      "    return Store(a)",
      "def _private():",
      "    pass",
    );
    expect(await textOf("a.py", source)).toBe(
      lines(
        "LIMIT: int = 3",
        "TABLE = ...",
        "ALSO = 4",
        "@dataclass",
        "class Store(Base):",
        "    name: str = 'a'",
        "    def __init__(self, path: str) -> None: ...",
        "    @property",
        "    def size(self) -> int: ...",
        "async def load(a, *, b=1) -> Store: ...",
      ),
    );
  });

  test("Go and C++", async () => {
    const go = lines(
      "package a",
      "// Doc.",
      "func (s *Store) Load(path string) (int, error) {",
      "\treturn 1, nil",
      "}",
      "type Store struct {",
      "\tPath string // its path",
      "\tsize int",
      "}",
      "const Limit = 3",
      'var ErrGone = errors.New("gone")',
    );
    expect(await textOf("a.go", go)).toBe(
      lines(
        "func (s *Store) Load(path string) (int, error)",
        "type Store struct {",
        "\tPath string",
        "\tsize int",
        "}",
        "const Limit = 3",
        'var ErrGone = errors.New("gone")',
      ),
    );
    const cpp = lines(
      "#ifndef A_H",
      "#define LIMIT 3",
      "namespace n {",
      "class Store : public Base {",
      " public:",
      "  Store() : size_(1) {}",
      "  int size() const { return size_; }",
      "};",
      "template <class T> T add(T a, T b) {",
      "  return a + b;",
      "}",
      "}",
      "#endif",
    );
    expect(await textOf("a.hpp", cpp)).toBe(
      lines(
        "#define LIMIT 3",
        "class Store : public Base {",
        " public:",
        "  Store();",
        "  int size() const;",
        "}",
        "template <class T> T add(T a, T b);",
      ),
    );
  });

  test("a language without a grammar, and a text that is too long, have none", async () => {
    expect(await outlineOf("a.hs", "main = 1\n")).toEqual([]);
    expect(await outlineOf("Makefile", "export const a = 1;\n")).toEqual([]);
    const long = "export const a = 1;\n".repeat(MAX_OUTLINED_CHARS / 20 + 1);
    expect(await outlineOf("a.ts", long)).toEqual([]);
  });

  test("of this project's own files: a fraction of the text, each line of it out of the file", async () => {
    const paths = globSync("core/**/*.ts", { cwd: SOURCES });
    expect(paths.length).toBeGreaterThan(80);
    let numChars = 0;
    let numOutlined = 0;
    for (const path of paths) {
      const text = await readFile(join(SOURCES, path), "utf8");
      const outline = await outlineOf(path, text);
      const exported = [
        ...text.matchAll(
          /^export (?:abstract |async )*(?:class|function\*?|interface|type|const) (\w+)/gm,
        ),
      ];
      const names = outline.flatMap((entry) => entry.names);
      expect(names, path).toEqual(exported.map(([, name]) => name));
      const whole = outline.map((entry) => entry.text).join("\n");
      expect(whole, path).not.toMatch(/\/\*|^\s*\/\/|\breturn\b|#\w+\(/m);
      const squeezed = text.replaceAll(/\s+/g, "");
      for (const line of whole.split("\n")) {
        const own = line
          .trim()
          .replace(/( =)? ?(\{\})?;$/, "")
          .replaceAll(/\s+/g, "");
        expect(squeezed, path).toContain(own);
      }
      numChars += text.length;
      numOutlined += whole.length;
    }
    expect(numOutlined / numChars).toBeLessThan(0.3);
    expect(warnings).toEqual([]);
  });
});

describe("hostile texts", () => {
  const many = (part: string) => part.repeat(Math.floor((MAX_OUTLINED_CHARS - 100) / part.length));
  const TEXTS: Record<string, string> = {
    ...{ parentheses: many("("), braces: many("{\n"), brackets: many("["), generics: many("a<") },
    ...{ classes: many("class A{a="), members: `class A{${many("a;")}`, arrows: many("(a)=>") },
    ...{ types: `export type A=${many("{a:")}`, ternaries: many("a?"), templates: many("`${") },
    ...{ nul: many("\0"), lone: many("\ud800"), line: `export const a="${many("x")}";` },
    ...{
      exports: many("export{a};"),
      imports: many("export const a=1;"),
      calls: many("a<b>c<d>("),
    },
    indented: Array.from({ length: 700 }, (_, depth) => `${" ".repeat(depth)}class A:\n`).join(""),
  };

  test.each(Object.keys(TEXTS))("%s: bounded in time, between pauses and in all", async (name) => {
    const text = TEXTS[name]!;
    for (const path of ["a.ts", "a.cpp", ...(name === "indented" ? ["a.py"] : [])]) {
      await outlineOf(path, "");
      let worst = 0;
      let used = 0;
      let since = threadMs();
      const pause = async () => {
        const ms = threadMs() - since;
        worst = Math.max(worst, ms);
        used += ms;
        since = threadMs();
      };
      const outline = await parser.outline(path, text, pause);
      await pause();
      // A parser asks now and then only; on a busy machine that takes longer.
      expect(worst, path).toBeLessThan(1_000);
      expect(used, path).toBeLessThan(MAX_OUTLINE_MS + 1_000);
      for (const entry of outline)
        expect(entry.text.length).toBeLessThanOrEqual(MAX_ENTRY_CHARS + 1);
    }
    expect(await textOf("b.ts", "export const sound = 1;")).toBe("export const sound = 1;");
    // A grammar may run into a fault where it is interrupted just then: seen once in some fifty runs.
    for (const warning of warnings) expect(warning).toMatch(/^warn outlines start anew /);
  });

  test("a fault of the parser costs one outline; after three there are none", async () => {
    let numLoaded = 0;
    const told: string[] = [];
    const faulty = new OutlineParser(
      (_, message) => told.push(message),
      async () => {
        const loaded = await loadTreeSitter();
        const fails = numLoaded++ !== 1;
        const newParser = () => {
          if (fails) throw new WebAssembly.RuntimeError("memory access out of bounds");
          return loaded.newParser();
        };
        return { ...loaded, newParser };
      },
    );
    const sound = () => faulty.outline("a.ts", "export const a = 1;", noPause);
    expect(await sound()).toEqual([]);
    expect(await sound()).toHaveLength(1);
    expect(await sound()).toHaveLength(1);
    expect(numLoaded).toBe(2);
    expect(told).toEqual([expect.stringMatching(/^outlines start anew /)]);
    const broken = new OutlineParser(
      (_, message) => told.push(message),
      () => Promise.reject(new Error("not there")),
    );
    for (let turn = 0; turn < 5; turn++) {
      expect(await broken.outline("a.ts", "export const a = 1;", noPause)).toEqual([]);
    }
    expect(told.slice(1).map((message) => message.split(" reason")[0])).toEqual([
      "outlines start anew",
      "outlines start anew",
      "outlines are off",
    ]);
  });

  test("a pause that throws ends it, and the next text is parsed as ever", async () => {
    const stop = async () => {
      throw new DOMException("stop", "AbortError");
    };
    await expect(parser.outline("a.ts", "export const a = 1;", stop)).rejects.toThrow("stop");
    expect(await textOf("a.ts", "export const a = 1;")).toBe("export const a = 1;");
  });
});

describe("textWithCuts", () => {
  test("keeps what no cut covers, in order, whatever the cuts", () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom("a", "b", " ", "\n", ";"), maxLength: 60 }),
        fc.array(fc.tuple(fc.nat(60), fc.nat(60)), { maxLength: 6 }),
        (text, pairs) => {
          const cuts = pairs
            .map(([a, b]) => ({ start: Math.min(a, b), end: Math.max(a, b), replacement: "" }))
            .sort((a, b) => a.start - b.start);
          const kept = textWithCuts(text, 0, text.length, cuts);
          for (const line of kept.split("\n")) expect(kept === "" || line.trim() !== "").toBe(true);
          const inside = cuts.filter(({ end }) => end <= text.length);
          const letters = [...text].filter(
            (letter, at) =>
              /[ab]/.test(letter) && !inside.some(({ start, end }) => at >= start && at < end),
          );
          const left = kept.replaceAll(/[^ab]/g, "");
          // A cut within or across another has no effect, so at least what no cut covers is there.
          let at = 0;
          for (const letter of left) if (letter === letters[at]) at++;
          expect(at).toBe(letters.length);
        },
      ),
      { numRuns: NUM_RUNS },
    );
  });
});
