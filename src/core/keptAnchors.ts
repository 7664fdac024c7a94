/**
 * Anchors that stay while somebody types behind them, so that a key appends to the prompt and the cache holds all before it. A
 * new one is set where none fits: elsewhere in the text, where the text behind the cursor is another, or once so much was
 * typed that the prefix lacks too much of it.
 */
import type { CursorText } from "./cursorContext.ts";
import { anchorIndex, type PromptAnchor } from "./promptAnchor.ts";

interface KeptPlace {
  readonly documentKey: string;
  readonly linesUp: number;
  /** The text before the anchor. */
  readonly head: string;
  readonly suffixText: string;
}

/** Places that are remembered: the one in use, and as many as `llama/parkedPrompts.ts` keeps cells of. */
const MAX_PLACES = 4;
/** UTF-16 code units from an anchor to where a new one would be: about 300 tokens, which the prefix lacks. */
const MAX_TYPED_CHARS = 1000;
/** UTF-16 code units of the suffix that are compared: prompts have no more of it. */
const SUFFIX_CHARS = 8192;

export class KeptAnchors {
  /** The one used last foremost. */
  #places: KeptPlace[] = [];

  /**
   * The anchor of a request: an index in the text before the cursor.
   * @param documentKey - names the document; another one with the same text has anchors of its own.
   * @param rule - where a new anchor is set; those of other rules do not count.
   */
  anchorAt(
    documentKey: string,
    { prefixText, suffixText }: Pick<CursorText, "prefixText" | "suffixText">,
    rule: PromptAnchor,
  ): number {
    const newIndex = anchorIndex(prefixText, rule);
    // The cursor's own moves with every key, and the start of a file never does.
    if (rule === "cursor" || rule === "file") return newIndex;
    const { linesUp } = rule;
    const suffix = suffixText.slice(0, SUFFIX_CHARS);
    // The longest head: the least is behind it.
    const kept = this.#places
      .filter((place) => place.documentKey === documentKey && place.linesUp === linesUp)
      .filter(({ head, suffixText }) => suffixText === suffix && prefixText.startsWith(head))
      .filter(({ head }) => newIndex - head.length <= MAX_TYPED_CHARS)
      .reduce<KeptPlace | undefined>(
        (best, place) => (best && best.head.length >= place.head.length ? best : place),
        undefined,
      );
    const place = kept ?? {
      ...{ documentKey, linesUp, suffixText: suffix },
      head: prefixText.slice(0, newIndex),
    };
    this.#places = [place, ...this.#places.filter((other) => other !== place)].slice(0, MAX_PLACES);
    return place.head.length;
  }

  /** For who wants nothing of a workspace to be kept. */
  forget(): void {
    this.#places = [];
  }
}
