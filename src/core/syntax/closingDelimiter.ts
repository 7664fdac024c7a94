/** Whether the text behind a place ends the string or comment around it. */
import type { CodeLexer } from "./codeLexer.ts";

/** The delimiter that does; undefined in code, and where it is missing. */
export function closingDelimiter(
  { opener, closer, goesOn }: CodeLexer,
  suffixText: string,
): string | undefined {
  if (closer === undefined) return undefined;
  const text = goesOn ? suffixText : (suffixText.split("\n", 1)[0] ?? "");
  // Equal delimiters in pairs are strings behind the cursor.
  if (opener === undefined || opener === closer) {
    return text.split(closer).length % 2 === 0 ? closer : undefined;
  }
  const end = text.indexOf(closer);
  const start = text.indexOf(opener);
  return end !== -1 && (start === -1 || end < start) ? closer : undefined;
}
