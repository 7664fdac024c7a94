/**
 * Elements of HTML and XML: a closing tag that a completion writes for one that the text after the cursor ends is one too many.
 * Where it is not sure what is a tag, nothing is.
 */

/** Elements without an end are HTML's own. */
export type Markup = "html" | "xml";

const NAME = "[\\p{L}_][\\p{L}\\p{N}:._-]*";
const TAGS = new RegExp(`<(/?)(${NAME})(?=[\\s/>])([^<>]*)>`, "gu");
const TAG = new RegExp(`^<(/?)(${NAME})(?=[\\s/>])([^<>]*)>$`, "u");
const VOID = /^(?:area|base|br|col|embed|hr|img|input|link|meta|param|source|track|wbr)$/i;

/** Follows a tag; false where one ends that is not the innermost. */
function follow(
  open: string[],
  [, slash, name = "", rest = ""]: readonly string[],
  markup: Markup,
): boolean {
  if (slash === "/") return open.pop() === name;
  const isVoid = rest.endsWith("/") || (markup === "html" && VOID.test(name));
  if (!isVoid) open.push(name);
  return true;
}

/** Whether there is an element around the cursor, and every one has its end; false within a tag. */
export function endsAllElements(prefixText: string, suffixText: string, markup: Markup): boolean {
  const lastTag = prefixText.lastIndexOf("<");
  if (lastTag > prefixText.lastIndexOf(">")) return false;
  const open: string[] = [];
  for (const tag of prefixText.matchAll(TAGS)) if (!follow(open, tag, markup)) return false;
  if (open.length === 0) return false;
  for (const tag of suffixText.matchAll(TAGS)) if (!follow(open, tag, markup)) return false;
  return open.length === 0;
}

/** The elements that a completion writes, where all around it have their end. */
export class OwnElements {
  readonly #markup: Markup;
  readonly #open: string[] = [];
  /** Where the closing tag begins that is being written and may be one too many. */
  #heldFrom = Number.POSITIVE_INFINITY;
  /** Something between angle brackets is no tag: a comment, code, a sign in an attribute. */
  #isUnsure = false;

  constructor(markup: Markup) {
    this.#markup = markup;
  }

  get heldFrom(): number {
    return this.#heldFrom;
  }

  /** @param text - up to the character that was pushed last. @returns where a closing tag begins that is one too many. */
  push(text: string): number | undefined {
    if (this.#isUnsure) return undefined;
    const last = text.at(-1);
    if (last === "/" && text.at(-2) === "<" && this.#open.length === 0) {
      this.#heldFrom = text.length - 2;
    }
    if (last !== ">") return undefined;
    this.#heldFrom = Number.POSITIVE_INFINITY;
    const start = text.lastIndexOf("<");
    const tag = start === -1 ? null : TAG.exec(text.slice(start));
    if (tag === null) this.#isUnsure = true;
    else if (tag[1] === "/" && this.#open.length === 0) return start;
    else follow(this.#open, tag, this.#markup);
    return undefined;
  }
}
