/** Whether the text behind a place ends the string, comment or elements around it. */
import type { CodeLexer } from "./codeLexer.ts";

/** The delimiter that does; undefined in code, and where it is missing. */
export function closingDelimiter(
  { opener, closer, goesOn, isInHereDocument }: CodeLexer,
  suffixText: string,
): string | undefined {
  if (closer === undefined) return undefined;
  const text = goesOn ? suffixText : (suffixText.split("\n", 1)[0] ?? "");
  if (isInHereDocument) {
    return new RegExp(`^[ \\t]*${closer}\\b`, "m").test(suffixText) ? closer : undefined;
  }
  // A word may end before the quote of a raw string: no other one begins there.
  if (/\w"$/.test(opener ?? "")) return text.includes(closer) ? closer : undefined;
  // Equal delimiters in pairs are strings behind the cursor.
  if (opener === undefined || opener === closer) {
    return text.split(closer).length % 2 === 0 ? closer : undefined;
  }
  const end = text.indexOf(closer);
  const start = text.indexOf(opener);
  return end !== -1 && (start === -1 || end < start) ? closer : undefined;
}

/** Whether it does with the elements around a place, the outermost too. */
export function endsElements(cursor: CodeLexer, suffixText: string): boolean {
  const lexer = cursor.fork();
  for (let i = 0; i < suffixText.length; i++) {
    const part = lexer.elementPart;
    lexer.push(suffixText[i]!);
    const numLeft = cursor.numSubstitutions - lexer.numSubstitutions;
    // Else what follows shows that an element is not ended.
    if (numLeft > 0 || (numLeft === 0 && lexer.mode === "code"))
      return numLeft === 0 && part === "tag" && suffixText[i] === ">";
  }
  return false;
}
