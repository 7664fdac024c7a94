/** What begins a comment, a string, or a regular expression, by the characters before it. */
import type { CodeSyntax, TextBlock } from "./codeSyntax.ts";

/** Strings may be prefixed by one of these; behind any other word an apostrophe is one. */
const STRING_PREFIX = /^(?:[bflru]|[bf]r|r[bf]|u8)$/i;
/** After one of these, or at a line's start, a slash begins a regular expression. */
const BEFORE_REGEX = /[(,=:[!&|?{};+\n]/;
const WORD_BEFORE_REGEX =
  /^(?:return|typeof|case|in|of|void|delete|throw|do|else|yield|await|new)$/;
const WORD_CHAR = /[\p{L}\p{N}_]/u;

/** Whether a slash begins a regular expression. */
export function mayBeRegex(lastCode: string, word: string): boolean {
  return BEFORE_REGEX.test(lastCode) || WORD_BEFORE_REGEX.test(word);
}

/** The last character as far as a slash behind it goes: `=>` is as `=`, `a!` and `a++` are as the end of an operand. */
export function meaningOf(recent: string): string {
  const [before = "\n", last = ""] = recent.slice(-2).padStart(2, "\n");
  if (last === ">" && before === "=") return "=";
  if (last === "+" && before === "+") return ")";
  return last === "!" && /[\p{L}\p{N}_$)\]]/u.test(before) ? ")" : last;
}

/** Whether a quote only stands in a word or a number (`don't`, `1'000`), is escaped, or is a character (`'"'`). */
export function isNoString(recent: string, word: string, syntax: CodeSyntax): boolean {
  const before = recent.at(-2);
  if (before === "\\") return true;
  if (before === "'" && !syntax.quotes.includes("'")) return true;
  if (!recent.endsWith("'") || !isWordChar(before ?? "")) return false;
  return syntax.hasQuotesInWords !== true && !STRING_PREFIX.test(word);
}

/** Whether a bracket is a character in apostrophes where those quote no text: `'('`, but neither `'a` nor `f'(x)`. */
export function isQuotedBracket(recent: string, { quotes }: CodeSyntax): boolean {
  if (recent.at(-2) !== "'" || quotes.includes("'") || !/[()[\]{}]$/.test(recent)) return false;
  const before = recent.at(-3) ?? "\n";
  // The apostrophe ends a character: `'"')`.
  if (before === "}" || /'(?:\\.|[^\\])'.$/.test(recent)) return false;
  return !isWordChar(before) || /(?:^|\W)b'.$/.test(recent);
}

/** The delimiter that ends with the last character; without a block, of a comment that ends with its line. */
export function delimiterAt(recent: string, { blocks, lineComments }: CodeSyntax) {
  const line = lineComments.find((one) => recent.endsWith(one));
  const block = blocks.find((one) => recent.endsWith(one.open) && mayBegin(one, recent));
  if (block !== undefined) return { length: block.open.length, block };
  if (line === undefined || !mayComment(line, recent)) return undefined;
  return { length: line.length, block: undefined };
}

/**
 * The block that a comment which seemed to end with its line begins: Lua's `--[[`.
 * @param text - of the comment, without its delimiter.
 * @param length - of both.
 */
export function blockOfComment(text: string, length: number, { blocks, lineComments }: CodeSyntax) {
  return blocks.find(
    ({ open }) => open.length === length && lineComments.some((one) => open === one + text),
  );
}

function mayBegin({ open, isComment, isOfLine }: TextBlock, recent: string): boolean {
  const before = recent.at(-1 - open.length) ?? "\n";
  return isOfLine ? before === "\n" : isComment || before !== "\\";
}

/** Whether what stands before a delimiter lets it begin a comment: `$#`, `\\%`, `std::`, `http://` and `url(//` do not. */
function mayComment(delimiter: string, recent: string): boolean {
  const before = recent.at(-1 - delimiter.length) ?? "\n";
  if (delimiter === "#" || delimiter === "::" || delimiter.endsWith(" ")) return /\s/.test(before);
  if (delimiter === "//") return before !== ":" && !recent.endsWith("url(//");
  return before !== "\\";
}

export function isWordChar(char: string): boolean {
  const code = char.charCodeAt(0);
  if (code >= 128) return WORD_CHAR.test(char);
  return (
    (code >= 48 && code < 58) ||
    (code >= 65 && code < 91) ||
    code === 95 ||
    (code >= 97 && code < 123)
  );
}
