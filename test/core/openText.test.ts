import { describe, expect, test } from "vitest";
import { trimCompletion } from "../../src/core/ending/trimCompletion.ts";

/** [language, what opens a string or comment that spans lines] */
const OPEN_BLOCKS: readonly (readonly [string, string])[] = [
  ...["vue", "svelte", "handlebars", "html", "xml", "markdown", "php"].map(
    (id) => [id, "<!-- the header\n  of it"] as const,
  ),
  ...["html", "css", "scss", "sql", "php", "rust", "go"].map((id) => [id, "/* abc\n d"] as const),
  ["html", '<a class="abc\n'],
  ["xml", "<![CDATA[ abc\n"],
  ["haskell", "{- abc\n"],
  ["ocaml", "(* abc\n"],
  ["powershell", "<# abc\n"],
  ["julia", "#= abc\n"],
  ["coffeescript", "### abc\n"],
  ["ruby", "=begin\nabc\n"],
  ...["java", "kotlin", "swift", "scala", "csharp", "groovy", "dart", "elixir", "julia"].map(
    (id) => [id, 'x = """\n  abc\n'] as const,
  ),
  ["groovy", "x = '''\n abc\n"],
  ["csharp", 'var a = @"abc\n select'],
  ["lua", "x = [[ abc\n"],
  ["lua", "--[[ abc\n"],
  ["markdown", "```js\nconst a = 1;\n"],
  ["rust", "/* a /* b */ c\n"],
  ["rust", 'let s = "abc\n        select'],
  ["php", "$a = 'abc\n  def"],
  ["sql", "values ('abc\n  def"],
  ["shellscript", 'echo "abc\n  def'],
  ["shellscript", "awk '{\n  print $1"],
  ["typescript", "const a = `abc\n def"],
];

describe("what is offered", () => {
  test.each(OPEN_BLOCKS)("%s: leaves no %j open", (languageId, open) => {
    const cursor = { prefixText: "", suffixText: "\nnext line\n", languageId };
    expect(trimCompletion(open, cursor, { isUnfinished: true })).not.toHaveProperty(
      "text",
      expect.stringContaining("abc"),
    );
    const before = "first_line_of_code";
    const offered = trimCompletion(`${before}\n${open}`, cursor, { isUnfinished: true });
    expect(offered).toEqual({ text: expect.stringMatching(new RegExp(`^${before}`)) });
    expect(offered).not.toEqual({ text: expect.stringContaining("abc") });
  });

  test.each([
    ["php", "1 # one"],
    ["php", "1 // one"],
    ["terraform", "1 # one"],
    ["graphql", "1 # one"],
    ["latex", "1 % one"],
    ["clojure", "1 ; one"],
    ["sql", "1 -- one"],
    ["erlang", "1 % one"],
  ])("%s: no comment of %j swallows what closes the call", (languageId, output) => {
    const cursor = { prefixText: "foo(a, ", suffixText: ");\n", languageId };
    const offered = trimCompletion(output, cursor);
    expect(offered).not.toEqual({ text: expect.stringContaining("one") });
  });

  test.each([
    ["clojure", '(= c \\" 1)'],
    ["perl", '$x =~ s/"//g;'],
    ["rust", "let q = '\"'; f();"],
    ["latex", "50 \\% of it"],
  ])("%s: %j is offered whole", (languageId, output) => {
    const cursor = { prefixText: "", suffixText: "\n", languageId };
    expect(trimCompletion(output, cursor)).toEqual({ text: output });
  });
});
