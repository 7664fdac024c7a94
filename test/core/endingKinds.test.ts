import { describe, expect, test } from "vitest";
import { offer } from "../support/offerCompletion.ts";

/** How a language writes what the kinds below are about. */
interface Habits {
  readonly ids: string;
  /** First and last line of a block, and of another that begins alike. */
  readonly head: string;
  readonly end?: string;
  readonly body: readonly [string, string];
  readonly comment?: string;
  readonly quote?: string;
}

const C = { comment: "//", quote: '"' };
const HABITS: readonly Habits[] = [
  {
    ids: "typescript javascript typescriptreact javascriptreact java kotlin swift c cpp csharp dart scala groovy php",
    ...{ ...C, head: "while (a) {", end: "}", body: ["b();", "c();"] },
  },
  { ids: "go rust", ...C, head: "for a {", end: "}", body: ["b()", "c()"] },
  { ids: "python", head: "while a:", body: ["b()", "c()"], comment: "#", quote: "'" },
  { ids: "ruby", head: "while a", end: "end", body: ["load", "save"], comment: "#", quote: "'" },
  { ids: "lua", head: "while a do", end: "end", body: ["b()", "c()"], comment: "--", quote: "'" },
  {
    ids: "shellscript",
    head: "for a in b; do",
    end: "done",
    body: ["load", "save"],
    comment: "#",
    quote: "'",
  },
  {
    ids: "elixir",
    head: "case a do",
    end: "end",
    body: ["load", "save"],
    comment: "#",
    quote: '"',
  },
  { ids: "julia", head: "while a", end: "end", body: ["b()", "c()"], comment: "#", quote: '"' },
  {
    ids: "sql",
    head: "CASE a",
    end: "END",
    body: ["WHEN 1 THEN 2", "WHEN 3 THEN 4"],
    comment: "--",
    quote: "'",
  },
  { ids: "html xml vue", head: "<b>", end: "</b>", body: ["text", "more"] },
  { ids: "css scss less", head: "a {", end: "}", body: ["b: c;", "d: e;"] },
  { ids: "terraform", head: "a {", end: "}", body: ["b = c", "d = e"], comment: "#", quote: '"' },
  {
    ids: "powershell",
    head: "while ($a) {",
    end: "}",
    body: ["load", "save"],
    comment: "#",
    quote: "'",
  },
];
const LANGUAGES = HABITS.flatMap((habits) =>
  habits.ids.split(" ").map((id) => [id, habits] as const),
);
const having = <K extends keyof Habits>(key: K) =>
  LANGUAGES.filter(([, habits]) => habits[key] !== undefined) as [
    string,
    Habits & Required<Pick<Habits, K>>,
  ][];

/** What is offered of an output, whole and character by character. */
function offered(languageId: string, document: string, output: string) {
  const [prefixText = "", suffixText = ""] = document.split("█");
  const cursor = { prefixText, suffixText, languageId };
  const whole = offer(cursor, [output], false);
  expect(offer(cursor, Array.from(output), false)).toEqual(whole);
  return whole;
}

describe("in every language that has it", () => {
  test.each(having("end"))(
    "%s: the end of an inner block is its own",
    (id, { head, end, body }) => {
      const inner = `${head}\n    ${body[0]}\n  ${end}`;
      expect(offered(id, `${head}\n  █\n${end}\n`, `${inner}\n${end}\n`)).toEqual({ text: inner });
    },
  );

  test.each(LANGUAGES)("%s: a block may begin as the one below does", (id, { head, end, body }) => {
    const block = (line: string) => `${head}\n  ${line}${end === undefined ? "" : `\n${end}`}`;
    const own = block(body[0]);
    expect(offered(id, `█\n\n${block(body[1])}\n`, `${own}\n\n${head}\n`)).toEqual({ text: own });
  });

  test.each(having("comment"))(
    "%s: brackets of a comment close nothing",
    (id, { comment, body }) => {
      const text = "1) load, 2] clean}";
      expect(offered(id, `${comment} Steps: █\n${body[0]}\n`, text)).toEqual({ text });
    },
  );

  test.each(having("quote"))("%s: nor do those of a string", (id, { quote, head, end, body }) => {
    const text = `${quote}a) b] ${quote}`;
    const document = `${head}\n  a = █\n  ${body[0]}\n${end ?? ""}\n`;
    expect(offered(id, document, text)).toEqual({ text });
  });

  test.each(LANGUAGES)("%s: the line below is not written again", (id, { head, end, body }) => {
    const document = `${head}\n  █\n  ${body[1]}\n${end ?? ""}\n`;
    expect(offered(id, document, `${body[0]}\n  ${body[1]}\n${end ?? ""}\n`)).toEqual({
      text: body[0],
    });
  });

  test.each(LANGUAGES)("%s: in a word its rest is not written again", (id, { head, body, end }) => {
    const document = `${head}\n  get█Name ${body[0]}\n${end ?? ""}\n`;
    expect(offered(id, document, `UserName ${body[0]}\n`)).toEqual({ text: "User" });
  });
});
