/**
 * Anchors that stay while somebody types behind them, so that a key appends to the prompt and the cache holds all before it. A
 * new one is set where none fits: elsewhere in the text, where the text behind the cursor is another, or once 1,000 characters were
 * typed, which the prefix lacks; from 240 on already, once the new one's prompt was read while nobody waited.
 */
import type { CursorText } from "../ending/cursorContext.ts";
import { anchorIndex, type PromptAnchor } from "./promptAnchor.ts";

interface KeptPlace {
  readonly documentKey: string;
  readonly linesUp: number;
  /** The text before the anchor. */
  readonly head: string;
  readonly suffixText: string;
}

/** The rules whose anchors stay. */
type LineAnchor = Exclude<PromptAnchor, string>;
type AnchoredText = Pick<CursorText, "prefixText" | "suffixText">;

/** Anchors that are remembered: about as many as `llama/target/parkedPrompts.ts` keeps prompts. */
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
  anchorAt(documentKey: string, text: AnchoredText, rule: PromptAnchor): number {
    // The cursor's own moves with every key, and the start of a file never does.
    if (typeof rule === "string") return anchorIndex(text.prefixText, rule);
    const wanted = newPlace(documentKey, text, rule);
    const place = this.#find(wanted, text) ?? wanted;
    this.#use(place);
    return place.head.length;
  }

  /** Where a new anchor would be, if the one of this request is there and so far behind that a new one is worth reading. */
  renewalAt(documentKey: string, text: AnchoredText, rule: PromptAnchor): number | undefined {
    if (typeof rule === "string") return undefined;
    const wanted = newPlace(documentKey, text, rule);
    const newIndex = wanted.head.length;
    const kept = this.#find(wanted, text);
    return kept && newIndex - kept.head.length >= RENEWED_CHARS ? newIndex : undefined;
  }

  /** Sets the anchor of {@link renewalAt}, once its prompt was read. Nothing where the old one was forgotten meanwhile. */
  renew(documentKey: string, text: AnchoredText, rule: PromptAnchor): void {
    if (typeof rule === "string") return;
    const wanted = newPlace(documentKey, text, rule);
    const old = this.#find(wanted, text);
    if (old === undefined) return;
    // One before it is enough for who deletes what was typed; more would crowd out other places.
    const isOlder = (place: KeptPlace) =>
      place !== old && isSameRest(place, old) && old.head.startsWith(place.head);
    this.#places = this.#places.filter((place) => !isOlder(place));
    this.#use(wanted);
  }

  /** In place of a new one, the kept one with the longest head: the least is behind it. */
  #find(wanted: KeptPlace, { prefixText }: AnchoredText): KeptPlace | undefined {
    return this.#places
      .filter((place) => isSameRest(place, wanted) && prefixText.startsWith(place.head))
      .filter(({ head }) => wanted.head.length - head.length <= MAX_TYPED_CHARS)
      .reduce<KeptPlace | undefined>(
        (best, place) => (best && best.head.length >= place.head.length ? best : place),
        undefined,
      );
  }

  #use(place: KeptPlace): void {
    this.#places = [place, ...this.#places.filter((other) => other !== place)].slice(0, MAX_PLACES);
  }

  /** For who wants nothing of a workspace to be kept. */
  forget(): void {
    this.#places = [];
  }
}

function newPlace(
  documentKey: string,
  { prefixText, suffixText }: AnchoredText,
  rule: LineAnchor,
): KeptPlace {
  return {
    ...{ documentKey, linesUp: rule.linesUp },
    head: prefixText.slice(0, anchorIndex(prefixText, rule)),
    suffixText: suffixText.slice(0, SUFFIX_CHARS),
  };
}

/** Whether both are of one document with the same text behind the cursor, and set by one rule. */
function isSameRest(one: KeptPlace, other: KeptPlace): boolean {
  return (
    one.documentKey === other.documentKey &&
    one.linesUp === other.linesUp &&
    one.suffixText === other.suffixText
  );
}
