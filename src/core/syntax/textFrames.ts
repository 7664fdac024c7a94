/** Text with code in it, and code with text in it: templates, and the elements of JSX. */
import type { TextBlock } from "./codeSyntax.ts";

/** An element that is being read: a tag with its attributes, or the text between tags. */
export interface Element {
  readonly part: "tag" | "text";
  /** Whether the tag ends the element. */
  readonly isClosing: boolean;
  /** Of the attribute's value that is being read; empty elsewhere. */
  readonly quote: string;
  /** The character before, where it decides: `<` in text, `/` in a tag. */
  readonly pending: string;
}

/** What is around the code, or the element, that is being read. Never changed, so that a fork costs nothing. */
export interface Frame {
  readonly parent: Frame | undefined;
  /** Frames in all, this one included, and those of them that hold code. */
  readonly depth: number;
  readonly numSubstitutions: number;
  readonly block: TextBlock;
  /** Absent where a template is around. */
  readonly element: Element | undefined;
  /** Whether an element is around an element. */
  readonly isOfElement: boolean;
  /** Braces that the code in it has opened. */
  readonly numBraces: number;
}

export const ELEMENT: TextBlock = { open: "<", close: ">", isComment: false };
export const TAG: Element = { part: "tag", isClosing: false, quote: "", pending: "" };
export const TEXT: Element = { ...TAG, part: "text" };

export function frameAround(
  parent: Frame | undefined,
  block: TextBlock,
  element: Element | undefined,
  isOfElement: boolean,
): Frame {
  return {
    ...{ parent, block, element, isOfElement, numBraces: 0 },
    depth: (parent?.depth ?? 0) + 1,
    numSubstitutions: (parent?.numSubstitutions ?? 0) + (isOfElement ? 0 : 1),
  };
}

/** What a character of an element does: goes on, begins code or an element in it, ends it, or shows that it is none. */
export type ElementStep = Element | "code" | "element" | "fragment" | "end" | "none";

/** @param isNested - an element within another is none of type parameters. */
export function stepElement(element: Element, char: string, isNested: boolean): ElementStep {
  const { part, quote, pending, isClosing } = element;
  if (quote !== "") return char === quote ? { ...element, quote: "" } : element;
  if (char === "{") return "code";
  if (part === "text") {
    if (char === "<") return { ...TEXT, pending: "<" };
    if (pending !== "<") return element;
    if (char === "/") return { ...TAG, isClosing: true };
    if (char === ">") return "fragment";
    return /[\p{L}_$]/u.test(char) ? "element" : TEXT;
  }
  if (char === '"' || char === "'") return { ...element, quote: char };
  if (char === ">") return isClosing || pending === "/" ? "end" : TEXT;
  if (char === "," && !isNested) return "none";
  return { ...element, pending: char === "/" ? char : "" };
}
