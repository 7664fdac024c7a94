/** Texts that want to be more than text, and readers that tell whether they are: for whoever shows foreign text. */
import { createRequire } from "node:module";
import fc from "fast-check";

const FRAGMENTS = [
  "[Repair this model](command:workbench.action.quit)",
  "[x](command:a?%5B%22b%22%5D 'title')",
  '[x](https://example.com "title")',
  "[x](file:///etc/passwd)",
  "![x](https://example.com/x.png)",
  "[x][y]",
  "[x]: https://example.com",
  "[",
  "]",
  "(",
  ")",
  "$",
  "$(zap)",
  "$(loading~spin)",
  "\\$(zap)",
  "&#36;(zap)",
  "&lt;",
  "https://example.com",
  "HTTP://EXAMPLE.COM",
  "//example.com/x",
  "www.example.com",
  "someone@example.com",
  "<https://example.com>",
  "<b onclick=x>",
  "<!--",
  "`",
  "```",
  "~~x~~",
  "*x*",
  "__x__",
  "|",
  "\\",
  "# ",
  "- ",
  "1. ",
  "> ",
  "---",
  "===",
  "    ",
  "\u001b]0;owned\u0007",
  "\u001b[2J",
  "\u009b31m",
  "\u0000",
  "\u007f",
  "\r",
  "\n",
  "\r\n",
  "\t",
  "\u0085",
  "\u2028",
  "\u2029",
  "\u202e",
  "\u2066",
  "\u2069",
  "\u200b",
  "\u200d",
  "\u00ad",
  "\ufeff",
  "\u{e0041}",
  "\u{1f600}",
  "\ud83d",
  "\ude00",
];

/** Markup, escapes and line breaks between words, now and then long. */
export function hostileText(): fc.Arbitrary<string> {
  const piece = fc.oneof(
    { weight: 6, arbitrary: fc.constantFrom(...FRAGMENTS) },
    { weight: 3, arbitrary: fc.constantFrom("model", "a/b", " ", "7") },
    { weight: 2, arbitrary: fc.string({ unit: "binary" }) },
    { weight: 1, arbitrary: fc.constantFrom("x".repeat(2_000), "🙂".repeat(999)) },
  );
  return fc.array(piece, { maxLength: 12 }).map((pieces) => pieces.join(""));
}

/** Characters that a line must not hold, as their numbers: controls, line ends, invisible formatting, half pairs. */
export function unseenIn(line: string): string[] {
  const characters = [...line].filter((character) =>
    /^(?:\p{C}|\p{Zl}|\p{Zp}|\p{Default_Ignorable_Code_Point})$/u.test(character),
  );
  return characters
    .map((character) => character.codePointAt(0)!)
    .filter((code) => !/[\p{Co}\p{Cn}]/u.test(String.fromCodePoint(code)))
    .map((code) => code.toString(16));
}

/**
 * What VS Code would make a link or an icon of in a notification, a quick pick or the status bar. It wants the scheme to be
 * http, https, file or command, and an icon to be named by letters; here any will do.
 */
export function activeInLabel(label: string): string[] {
  return [...(label.match(/\[[^\]]+\]\([^)]+\)/g) ?? []), ...(label.match(/\$\([^)]*\)/g) ?? [])];
}

interface MarkdownToken {
  readonly type: string;
  readonly raw: string;
  readonly text?: string;
  readonly tokens?: readonly MarkdownToken[];
  readonly items?: readonly MarkdownToken[];
  readonly header?: readonly MarkdownToken[];
  readonly rows?: readonly (readonly MarkdownToken[])[];
}

/** The Markdown parser that VS Code has, too: the packaging tool brings it. */
const { marked } = createRequire(
  createRequire(import.meta.url).resolve("@vscode/vsce/package.json"),
)("marked") as {
  marked: { lexer(markdown: string): MarkdownToken[]; parseInline(markdown: string): string };
};

/** What Markdown makes of a document, without the text itself: kinds of blocks and spans, in order. */
export function markdownShape(markdown: string): string[] {
  const walk = (token: MarkdownToken): string[] => [
    ...(["text", "escape", "space"].includes(token.type) ? [] : [token.type]),
    ...[
      ...(token.tokens ?? []),
      ...(token.items ?? []),
      ...(token.type === "table" ? [...(token.header ?? []), ...(token.rows ?? []).flat()] : []),
    ].flatMap(walk),
  ];
  return marked.lexer(markdown).flatMap(walk);
}

/** The text that is read where Markdown shows a line; icons are looked for in it. */
export function markdownReads(line: string): string {
  const entities: Readonly<Record<string, string>> = {
    "&amp;": "&",
    "&lt;": "<",
    "&gt;": ">",
    "&quot;": '"',
    "&#39;": "'",
  };
  return marked
    .parseInline(line)
    .replace(/&(?:amp|lt|gt|quot|#39);/g, (entity) => entities[entity] ?? entity);
}
