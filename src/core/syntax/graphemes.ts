/** Characters as a reader sees them: a letter with its accents, an emoji of several code points. */
const segmenter = new Intl.Segmenter(undefined, { granularity: "grapheme" });
/** UTF-16 code units that are looked at before a place: longer clusters are nobody's. */
const MAX_CHARS = 64;
const IS_ASCII = /^[\0-\x7f]*$/;

/** Whether a cut would part a character. */
export function cutsGrapheme(text: string, at: number): boolean {
  if (at <= 0 || at >= text.length) return false;
  const start = Math.max(0, at - MAX_CHARS);
  const around = text.slice(start, at + MAX_CHARS);
  if (IS_ASCII.test(around.slice(at - start - 1, at - start + 1))) return false;
  return segmenter.segment(around).containing(at - start)?.index !== at - start;
}

/** The text without its last characters that a text which goes on may still change: those of a word, or of no alphabet. */
export function withoutLastWord(text: string): string {
  const start = Math.max(0, text.length - 4 * MAX_CHARS);
  const characters = Array.from(segmenter.segment(text.slice(start)));
  const last = characters.findLastIndex(
    ({ segment }) => /^[\0-\x7f]$|^\r\n$/.test(segment) && !/[\w$]/.test(segment),
  );
  const kept = characters[last];
  // No word is that long: a number or a hash without an end.
  if (kept === undefined && start > 0 && IS_ASCII.test(text.slice(start))) return text;
  return kept === undefined
    ? text.slice(0, start)
    : text.slice(0, start + kept.index + kept.segment.length);
}
