/** What a line says of the block it stands in, by how it begins or ends. */
import type { CodeSyntax } from "../syntax/codeSyntax.ts";

/** A line that goes on in the next one, whatever that is indented by. */
export const GOES_ON = /(=>|[=+*&|?.]|\breturn)$/;
/** Begins a line that belongs to the block before it. */
export const CONTINUES_BLOCK = /^(else|elif|except|finally|case)\b/;
export const CLOSES = /^[)\]}]/;
/** A preprocessor's line, at column 0 wherever it is. */
const DIRECTIVE = /^#\s*(if|ifdef|ifndef|else|elif|endif|define|undef|include|pragma)\b/;

/** The preprocessor's word that a line begins with; undefined where `#` begins a comment, and in prose. */
export function directiveOf(trimmed: string, syntax: CodeSyntax): string | undefined {
  if (!syntax.countsBrackets || syntax.lineComments.includes("#")) return undefined;
  return DIRECTIVE.exec(trimmed)?.[1];
}

export function opensIndentedBlock(trimmed: string): boolean {
  return /:(\s*#.*)?$/.test(trimmed);
}

/** Begins a block that ends with a word, and goes on with it. */
const OPENS_WORD_BLOCK =
  /^(?:def|class|module|if|unless|while|until|case|begin|for|(?:local )?function|repeat|else|elsif|elseif|elif)\b|\b(?:do|then)(?:\s*\|[^|]*\|)?$/;
const CONTINUES_WORD_BLOCK = /^(?:else|elsif|elseif|elif|rescue|ensure|when)\b/;

/** Whether the lines below it, which stand deeper, are a block that a word ends. */
export function opensWordBlock(trimmed: string): boolean {
  return OPENS_WORD_BLOCK.test(trimmed);
}

export function continuesWordBlock(trimmed: string): boolean {
  return CONTINUES_WORD_BLOCK.test(trimmed);
}

/** The preprocessor's conditionals of a completion. */
export class Conditionals {
  #numOpen = 0;

  /** Takes a line's directive; whether it belongs to a conditional that began before the cursor. */
  push(directive: string | undefined): boolean {
    if (directive?.startsWith("if") === true) this.#numOpen++;
    if (directive !== "else" && directive !== "elif" && directive !== "endif") return false;
    if (this.#numOpen === 0) return true;
    if (directive === "endif") this.#numOpen--;
    return false;
  }
}
