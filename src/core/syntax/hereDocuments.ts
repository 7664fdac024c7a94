/** Here-documents: text from the next line on, up to a line that is the word they were begun with. */
import type { TextBlock } from "./codeSyntax.ts";
import { isWordChar } from "./delimiters.ts";
import type { LexerState } from "./lexerState.ts";

/** `<<EOF`, `<<-"EOF"`, `<<~SQL`, and PHP's behind a third `<`; small words are left to shifts. */
const DECLARATION = /^<<[-~]?\\?(?:[A-Z_]\w*|(["'])(?:[A-Z_]\w*\1?)?)?$/;
const WORD = /^<<[-~]?\\?(["']?)([A-Z_]\w*)\1$/;

/** A line of a document that may be its end is no longer. */
const MAX_LINE = 64;

/** Notes what a character says of a here-document, before it is pushed. */
export function followHereDocument(state: LexerState, char: string, opener: string): void {
  const { block, declared, hereLine, mode, recent } = state;
  if (block?.isHereDocument) {
    if (char === "\n") state.hereLine = "";
    else if (hereLine.length <= MAX_LINE) state.hereLine += char;
  } else if (declared !== "") {
    state.declared = declaredBy(declared, char);
    state.declaredBack++;
  } else if (mode === "code" && recent.endsWith(opener) && mayDeclare(recent, opener)) {
    state.declared = "<<";
    state.declaredBack = opener.length;
  }
}

/** A declaration with one more character, or its word once it is whole. */
function declaredBy(declared: string, char: string): string {
  if (!declared.startsWith("<<") || char === "\n") return wordOf(declared);
  const next = declared + char;
  if (next.length <= MAX_LINE && DECLARATION.test(next)) return next;
  return isWordChar(char) ? "" : wordOf(declared);
}

/** Whether the opener declares one: behind a value it shifts. */
function mayDeclare(recent: string, opener: string): boolean {
  return !/[\w)\]<]/.test(recent.at(-1 - opener.length) ?? "\n");
}

/** The text that begins with the next line. */
export function hereDocument(word: string): TextBlock {
  return { open: "<<", close: word, isComment: false, isHereDocument: true };
}

function wordOf(declared: string): string {
  return declared.startsWith("<<") ? (WORD.exec(declared)?.[2] ?? "") : declared;
}
