/** Where a text can be parted so that the tokens of its parts are those of the whole. */
import { splitsPair } from "../../core/base/surrogates.ts";

/** A line of text, then another: no pre-tokenizer joins what stands on both sides of this break (some do before `/`). */
const LINE_JOINT = /\S\n(?=[^\s/])/g;

/** Index of the first place to part at, at or after `from`; -1 if there is none. */
export function nextJoint(text: string, from: number): number {
  LINE_JOINT.lastIndex = from;
  const found = LINE_JOINT.exec(text);
  return found === null ? -1 : found.index + found[0].length;
}

/**
 * The end of a slice that begins at `start`: about `numChars` further, where the text can be parted; half as much again
 * further, where a line ends or anywhere, if it cannot.
 */
export function sliceEnd(text: string, start: number, numChars: number): number {
  const latest = start + Math.ceil(1.5 * numChars);
  if (latest >= text.length) return text.length;
  // Searched no further than it may lie: the next slice would go through the same lines again.
  const joint = nextJoint(text.slice(start + numChars, latest + 1), 0);
  if (joint !== -1) return start + numChars + joint;
  const lineEnd = text.lastIndexOf("\n", latest - 1) + 1;
  const end = lineEnd > start + numChars ? lineEnd : latest;
  return splitsPair(text, end) ? end + 1 : end;
}
