/**
 * Anchors that stay while somebody types behind them, so that a key appends to the prompt and the cache holds all before it. A
 * new one is set where none fits: elsewhere in the text, where the text behind the cursor is another, or once so much was
 * typed that the prefix lacks too much of it; and, once its prompt was read while nobody waited, where less was typed.
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

type AnchoredText = Pick<CursorText, "prefixText" | "suffixText">;

/** Places that are remembered: the one in use, and as many as `llama/parkedPrompts.ts` keeps cells of. */
const MAX_PLACES = 4;
/** UTF-16 code units from an anchor to where a new one would be: about 300 tokens, which the prefix lacks. */
const MAX_TYPED_CHARS = 1000;
/** As many are worth a prompt that is read while nobody waits: about 70 tokens. */
const RENEWED_CHARS = 240;
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
    { prefixText, suffixText }: AnchoredText,
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
    const head = prefixText.slice(0, newIndex);
    return this.#use(kept ?? { documentKey, linesUp, suffixText: suffix, head }).head.length;
  }

  /** Where a new anchor would be, if the one of this request lies so far before it that a new one is worth reading. */
  renewalAt(documentKey: string, text: AnchoredText, rule: PromptAnchor): number | undefined {
    const newIndex = anchorIndex(text.prefixText, rule);
    const isFar = newIndex - this.anchorAt(documentKey, text, rule) >= RENEWED_CHARS;
    return isFar && rule !== "file" ? newIndex : undefined;
  }

  /** Sets the anchor of {@link renewalAt}: its prompt was read. */
  renew(documentKey: string, { prefixText, suffixText }: AnchoredText, rule: PromptAnchor): void {
    if (rule === "cursor" || rule === "file") return;
    this.#use({
      ...{ documentKey, linesUp: rule.linesUp, suffixText: suffixText.slice(0, SUFFIX_CHARS) },
      head: prefixText.slice(0, anchorIndex(prefixText, rule)),
    });
  }

  #use(place: KeptPlace): KeptPlace {
    this.#places = [place, ...this.#places.filter((other) => other !== place)].slice(0, MAX_PLACES);
    return place;
  }

  /** For who wants nothing of a workspace to be kept. */
  forget(): void {
    this.#places = [];
  }
}
