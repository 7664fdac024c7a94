import { describe, expect, test } from "vitest";
import { CodeLexer } from "../../src/core/syntax/codeLexer.ts";
import { syntaxOf } from "../../src/core/syntax/codeSyntax.ts";

/** The brackets of a text that are code, and the lexer behind it. */
function read(text: string, languageId: string) {
  const lexer = new CodeLexer(syntaxOf(languageId, ""));
  const brackets = text
    .split("")
    .filter((char) => lexer.push(char) && /[()[\]{}]/.test(char))
    .join("");
  return { lexer, brackets };
}

describe("what is no element", () => {
  test.each([
    ["const f = <T extends object>(p: T) => [p];", "()[]"],
    ["const f = <T extends { a: string }>(p: T) => [p];", "{}()[]"],
    ["const f = <T extends '(' | `[`>(p: T) => p;", "()"],
    ["const f = <const T extends readonly [1]>(p: T) => p;", "[]()"],
    ["const f = <T, U>(p: T) => [p];", "()[]"],
    ["const f = <T = unknown>(p: T) => [p];", "()[]"],
    ["while (i++<n) { f[i]; }", "(){[]}"],
    ["a = i++ / 2; b = [c / 1];", "[]"],
    ["if (a.length\n    <b.length) { c(); }", "(){()}"],
  ])("%j", (text, expected) => {
    const { lexer, brackets } = read(text, "typescriptreact");
    expect(brackets).toBe(expected);
    expect(lexer.mode).toBe("code");
  });

  test("a type that seems to be one is given up at its arrow, or at the end of what is around", () => {
    expect(read("type F = <T>(p: T) => [T];", "typescriptreact").brackets).toBe("[]");
    const text = "interface A {\n  <T>(p: T): T;\n}\nf();";
    expect(read(text, "typescriptreact").brackets).toBe("{}()");
  });
});

test("a tag that lacks its end leaves what follows code", () => {
  const text = "a(\n  <ul>\n    <li \n  </ul>\n);\nf();";
  expect(read(text, "typescriptreact").brackets).toBe("()()");
});

describe("what is an element", () => {
  test.each([
    "<T extends={a}>(text)</T>",
    "<T extends>(text)</T>",
    "<A b={c}>d = {e} don't ) f</A>",
    '<Select<Option> a="b" c={d} />',
    "<Select<Array<Option>> a={d}>(</Select>",
    "<A // don't ) leave, it\n  b>(text)</A>",
    "<A /* don't ) leave, it */ b>(text)</A>",
    "<><A/>(<B c/>[</>",
  ])("%j", (element) => {
    const { lexer, brackets } = read(`f(${element}`, "typescriptreact");
    expect(brackets.replaceAll("{}", "")).toBe("(");
    expect(lexer.mode).toBe("code");
    expect(read(`f(${element.slice(0, -1)}`, "typescriptreact").lexer.mode).toBe("block");
  });

  test("a closing tag in code begins none", () => {
    expect(read("</li>\n)}", "typescriptreact").brackets).toBe(")}");
  });

  test("behind the text around a place code goes on", () => {
    const { lexer } = read("a(<ul>{b.map((c) => (<li>", "typescriptreact");
    const behind = lexer.forkBehindText();
    expect(behind.mode).toBe("code");
    expect(behind.numSubstitutions).toBe(1);
    expect(lexer.mode).toBe("block");
  });
});

describe("here-documents", () => {
  test.each([
    ["shellscript", "cat <<EOF > a.ini\n", "(don't\nEO\n", "EOF\n"],
    ["shellscript", "cat <<-'END' # of (that)\n", "\t(don't\n", "\tEND\n"],
    ["ruby", "f(<<~SQL, 1)\n", "  select (\n", "  SQL\n"],
    ["php", "$a = <<<'EOT'\n", "(don't }\n", "EOT;\n"],
    ["terraform", "a = <<-EOT\n", "  ${b(\n", "  EOT\n"],
    ["dockerfile", "RUN <<EOF\n", "don't (\n", "EOF\n"],
  ])("%s: %j, %j", (languageId, head, body, end) => {
    expect(read(head + body, languageId).lexer.isInString).toBe(true);
    const { lexer, brackets } = read(head + body + end, languageId);
    expect(lexer.mode).toBe("code");
    expect(brackets).toBe(languageId === "ruby" ? "()" : "");
  });

  test.each([
    ["ruby", "list << ITEM\n(", "("],
    ["ruby", "a = 1<<N\n(", "("],
    ["shellscript", "cat <<<EOF\n(", "("],
    ["cpp", "std::cout <<EOF\n(", "("],
  ])("none in %s: %j", (languageId, text, expected) => {
    expect(read(text, languageId).brackets).toBe(expected);
  });
});

describe("code in strings of one line", () => {
  /** `§` for what begins code in most languages, which reads like a template. */
  const readCode = (text: string, languageId: string) =>
    read(text.replaceAll("§", "$" + "{"), languageId);

  test.each([
    ["kotlin", 'f("§m["("]}")', "()"],
    ["swift", 'f("\\(m["("])")', "()"],
    ["ruby", 'f("#{m["("]}")', "()"],
    ["dart", 'f("§m["("]} §n}")', "()"],
    ["elixir", 'f("#{m["("]}")', "()"],
    ["kotlin", 'f("\\§m[")', "()"],
    ["swift", 'f("\\\\(m[")', "()"],
    ["java", 'f("§m[")', "()"],
  ])("%s: %s", (languageId, text, expected) => {
    const { lexer, brackets } = readCode(text, languageId);
    expect(lexer.mode).toBe("code");
    expect(lexer.depth).toBe(0);
    expect(brackets.replaceAll("[]", "")).toBe(expected);
  });

  test("one that lacks its end ends with its line", () => {
    const { lexer, brackets } = readCode('f("§m[0\n}\ng(', "kotlin");
    expect(lexer.depth).toBe(0);
    expect(brackets.endsWith("}(")).toBe(true);
  });
});

describe("strings whose quotes are written twice", () => {
  test("are one", () => {
    const { lexer } = read("a = 'it", "sql");
    expect(lexer.isDoubled("'", "'")).toBe(true);
    expect(lexer.isDoubled("'", ")")).toBe(false);
    expect(read("a = 'it", "typescript").lexer.isDoubled("'", "'")).toBe(false);
    expect(read("f('it''s (', 1)", "sql").brackets).toBe("()");
  });
});
