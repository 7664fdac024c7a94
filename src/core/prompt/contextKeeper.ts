/**
 * What was chosen for places that were asked of lately. A prompt's context stands at its beginning: were it chosen anew with
 * every key, every key would have the whole prompt evaluated again. So it stays while the cursor stays near where it was chosen.
 */
import { LRUCache } from "lru-cache";

/** Lines that the cursor may be away. */
export const MAX_LINES_AWAY = 24;
/** Places in different documents. */
const MAX_KEPT = 8;

export interface ContextPlace {
  readonly documentKey: string;
  /** Whole lines before the cursor. */
  readonly numLinesBefore: number;
  /** What else the choice depends on, but for texts. */
  readonly options: string;
}

export class ContextKeeper<T> {
  /** By document. */
  readonly #kept = new LRUCache<string, { readonly place: ContextPlace; readonly choice: T }>({
    max: MAX_KEPT,
  });

  /** What was chosen near a place, if it may still be used. */
  find(place: ContextPlace, isUsable: (choice: T) => boolean): T | undefined {
    const kept = this.#kept.peek(place.documentKey);
    if (kept === undefined) return undefined;
    const linesAway = Math.abs(kept.place.numLinesBefore - place.numLinesBefore);
    if (linesAway > MAX_LINES_AWAY || kept.place.options !== place.options) return undefined;
    return isUsable(kept.choice) ? this.#kept.get(place.documentKey)?.choice : undefined;
  }

  keep(place: ContextPlace, choice: T): void {
    this.#kept.set(place.documentKey, { place, choice });
  }

  forget(): void {
    this.#kept.clear();
  }
}
