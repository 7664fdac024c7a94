/** From which confidence on a line is shown that nobody asked for. */
import type { CompletionQuery } from "./completionQuery.ts";

/** Who has typed so much of a line that was withheld is likely to want the rest. */
const TYPED_CHARS = 3;

export class ConfidenceBound {
  readonly #least: number;
  #lastShownId: number | undefined;

  /** @param least - 0 … 1; all is shown if absent. */
  constructor(least = 0) {
    this.#least = least;
  }

  /** A completion is on the screen: it is not withheld while the user types into it. */
  shown(id: number): void {
    this.#lastShownId = id;
  }

  /** 0 … 1. Who asks sees what there is. @param id - of the completion. */
  of({ trigger }: CompletionQuery, id: number): number {
    return trigger === "invoke" || id === this.#lastShownId ? 0 : this.#least;
  }
}

/** @param confidence - 0 … 1, as the bound is; sure if absent. */
export function isSure(confidence = 1, least: number, numTyped: number): boolean {
  return confidence >= least || numTyped >= TYPED_CHARS;
}
