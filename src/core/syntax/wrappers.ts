/** What models put around code that is no part of it: Markdown's fences, and the tokens of prompts where a vocabulary has them as text. */
import type { CodeSyntax } from "./codeSyntax.ts";

const FENCE = "```";
/** Of StarCoder, Granite and their like; Qwen's, DeepSeek's and others stand between bars. */
const NAMES = ["fim_prefix", "fim_suffix", "fim_middle", "fim_pad", "file_sep", "repo_name"];
const MARKER = new RegExp(`<(?:${NAMES.join("|")}|\\|\\w{2,24}\\||｜[^｜\\s]{2,24}｜)>$`, "u");
const MARKER_START = /^<[|｜][^|｜<>\s]{0,24}[|｜]?$/u;
const MAX_MARKER = 28;

/**
 * Where a wrapper begins that the last character makes one; undefined elsewhere.
 *
 * @param line - the text's last line, with what stands before the cursor on it; undefined where it began in a string or comment.
 * @param isText - whether the last character stands in one.
 */
export function wrapperStart(
  text: string,
  line: string | undefined,
  isText: boolean,
  syntax: CodeSyntax,
): number | undefined {
  if (syntax.isGuessed || !(syntax.countsBrackets || syntax.endsBlocksByWord)) return undefined;
  if (text.endsWith(">") && !isText) {
    const index = MARKER.exec(text.slice(-MAX_MARKER))?.index;
    return index === undefined ? undefined : Math.max(0, text.length - MAX_MARKER) + index;
  }
  // Plain values may be Markdown.
  const isFence = line?.trimStart() === FENCE && syntax.hasPlainText !== true;
  return isFence ? Math.max(0, text.length - FENCE.length) : undefined;
}

/** A text without an end that may become a marker. */
export function beforePossibleMarker(text: string): string {
  const start = text.lastIndexOf("<");
  const tail = start === -1 ? "" : text.slice(start);
  const isStart =
    NAMES.some((name) => tail !== "" && `<${name}>`.startsWith(tail)) || MARKER_START.test(tail);
  return isStart ? text.slice(0, start) : text;
}
