/** Text with code in it, and code with text in it: templates, and the elements of JSX. */
import type { TextBlock } from "./codeSyntax.ts";

/** An element that is being read: a tag with its attributes, or the text between tags. */
export interface Element {
  readonly part: "tag" | "text";
  /** Whether the tag ends the element. */
  readonly isClosing: boolean;
  /** What ends the attribute's value, comment or type arguments that are being read; empty elsewhere. */
  readonly quote: string;
  /** The character before, in text only where it decides: `<` and `=`. */
  readonly pending: string;
  /** What a tag in code begins with, as it may begin type parameters; empty elsewhere. */
  readonly head: string;
}

/** What is around the code, or the element, that is being read. Never changed, so that a fork costs nothing. */
export interface Frame {
  readonly parent: Frame | undefined;
  /** Frames in all, this one included, and those of them that hold code. */
  readonly depth: number;
  readonly numSubstitutions: number;
  /** Absent where a string of one line is around. */
  readonly block: TextBlock | undefined;
  /** Absent where a template is around. */
  readonly element: Element | undefined;
  /** Whether an element is around an element. */
  readonly isOfElement: boolean;
  /** Braces that the code in it has opened. */
  readonly numBraces: number;
}

export const ELEMENT: TextBlock = { open: "<", close: ">", isComment: false };
export const TAG: Element = { part: "tag", isClosing: false, quote: "", pending: "", head: "" };
export const TEXT: Element = { ...TAG, part: "text" };

export function frameAround(
  parent: Frame | undefined,
  block: TextBlock | undefined,
  element: Element | undefined,
  isOfElement: boolean,
): Frame {
  return {
    ...{ parent, block, element, isOfElement, numBraces: 0 },
    depth: (parent?.depth ?? 0) + 1,
    numSubstitutions: (parent?.numSubstitutions ?? 0) + (isOfElement ? 0 : 1),
  };
}

/**
 * What a character of an element does: goes on, begins code or an element in it, ends it, or shows that it is none, as no
 * element has such a character there.
 */
export type ElementStep = Element | "code" | "element" | "fragment" | "end" | "none";

export function stepElement(element: Element, char: string): ElementStep {
  if (element.quote !== "") return stepQuoted(element, char);
  return element.part === "text" ? stepText(element, char) : stepTag(element, char);
}

function stepText(element: Element, char: string): ElementStep {
  const { pending } = element;
  if (char === "{") return "code";
  if (char === "}" || (char === ">" && pending === "=")) return "none";
  if (char === "<" || char === "=") return { ...TEXT, pending: char };
  if (pending !== "<") return pending === "" ? element : TEXT;
  if (char === "/") return { ...TAG, isClosing: true };
  if (char === ">") return "fragment";
  return /[\p{L}_$]/u.test(char) ? "element" : TEXT;
}

/** As TypeScript tells them from an element: `<T extends U`, `<const T,`, `<T = U`, but not `<T extends={u}`. */
const TYPE_PARAMETERS = /^(?:const\s+)?[\p{L}\p{N}_$]+(?:\s*[,=]|\s+extends\s)$/u;
const MAX_HEAD = 80;
const QUOTES: Readonly<Record<string, string>> = { '"': '"', "'": "'", "//": "\n", "/*": "*/" };

function stepTag(element: Element, char: string): ElementStep {
  const { pending, isClosing } = element;
  const head = element.head === "" || element.head.length > MAX_HEAD ? "" : element.head + char;
  const isArgument = char === "<" && /[\p{L}\p{N}_$]/u.test(pending);
  if ((/[<)\]};,]/.test(char) && !isArgument) || TYPE_PARAMETERS.test(head)) return "none";
  if (char === "{") return "code";
  if (char === ">") return isClosing || pending === "/" ? "end" : TEXT;
  const quote = isArgument ? ">" : (QUOTES[char] ?? QUOTES[pending + char] ?? "");
  return { ...element, quote, pending: char, head };
}

function stepQuoted(element: Element, char: string): Element {
  const { quote, pending } = element;
  const isArrow = pending === "=" && char === ">";
  if (quote.startsWith(">")) {
    if (char === "<") return { ...element, quote: `${quote}>`, pending: char };
    return { ...element, quote: char === ">" && !isArrow ? quote.slice(1) : quote, pending: char };
  }
  const isEnd = quote.length === 1 ? char === quote : pending + char === quote;
  // The end of a comment ends no tag.
  return { ...element, quote: isEnd ? "" : quote, pending: isEnd ? "" : char };
}
