/** Elements of markup: a closing tag that a completion writes for one that the text after the cursor ends is one too many. */

const NAME = "[\\p{L}_][\\p{L}\\p{N}:._-]*";
const TAGS = new RegExp(`<(/?)(${NAME})([^<>]*)>`, "gu");
const TAG = new RegExp(`^<(/?)(${NAME})([^<>]*)>$`, "u");
/** Of HTML, which have no end. */
const VOID = /^(?:area|base|br|col|embed|hr|img|input|link|meta|param|source|track|wbr)$/i;

/** Follows tags; false where one ends that is not the innermost. */
function follow(open: string[], [, slash, name = "", rest = ""]: readonly string[]): boolean {
  if (slash === "/") return open.pop() === name;
  if (!rest.endsWith("/") && !VOID.test(name)) open.push(name);
  return true;
}

/** Whether every element has its end, those around the cursor behind it; false within a tag. Attributes with angle brackets count as none. */
export function endsAllElements(prefixText: string, suffixText: string): boolean {
  if (/^<[/\p{L}_]/u.test(prefixText.slice(prefixText.lastIndexOf("<")))) {
    if (prefixText.lastIndexOf(">") < prefixText.lastIndexOf("<")) return false;
  }
  const open: string[] = [];
  for (const text of [prefixText, suffixText]) {
    for (const tag of text.matchAll(TAGS)) if (!follow(open, tag)) return false;
  }
  return open.length === 0;
}

/** The elements that a completion writes, where all around it have their end. */
export class OwnElements {
  readonly #open: string[] = [];
  /** Where the closing tag begins that is being written and may be one too many. */
  #heldFrom = Number.POSITIVE_INFINITY;

  get heldFrom(): number {
    return this.#heldFrom;
  }

  /** @param text - up to the character that was pushed last. @returns where a closing tag begins that is one too many. */
  push(text: string): number | undefined {
    const last = text.at(-1);
    if (last === "/" && text.at(-2) === "<" && this.#open.length === 0) {
      this.#heldFrom = text.length - 2;
    }
    if (last !== ">") return undefined;
    const start = text.lastIndexOf("<");
    const tag = start === -1 ? null : TAG.exec(text.slice(start));
    this.#heldFrom = Number.POSITIVE_INFINITY;
    if (tag === null) return undefined;
    if (tag[1] === "/" && this.#open.length === 0) return start;
    follow(this.#open, tag);
    return undefined;
  }
}
