/** The last answers to the editor, for *Why No Suggestion?*. Pure. */
import type { NoSuggestionReason, SuggestionOrigin } from "../../session/broker/completionQuery.ts";

export const MAX_DECISIONS = 20;

/** Why a question did not even reach the engine. */
export type RefusalReason = "off" | "languageOff" | "notServed" | "severalCursors";

export type DecisionReason = NoSuggestionReason | RefusalReason | "offered" | "internalError";

export interface Decision {
  readonly at: Date;
  /** Name of the document as its tab shows it. */
  readonly document: string;
  readonly languageId: string;
  /** From 1. */
  readonly line: number;
  readonly reason: DecisionReason;
  readonly detail?: string;
  readonly origin?: SuggestionOrigin;
  readonly latencyMs?: number;
}

const PASSING: ReadonlySet<DecisionReason> = new Set(["cancelled", "superseded"]);
/** They hold for a document as a whole, so each key of it would get one. */
const LASTING: ReadonlySet<DecisionReason> = new Set([
  "off",
  "languageOff",
  "severalCursors",
  "notAsked",
  "busy",
]);

function isSameDocument(a: Decision, b: Decision): boolean {
  return a.document === b.document && a.languageId === b.languageId;
}

export class DecisionLog {
  #decisions: readonly Decision[] = [];

  /** Newest first. */
  get decisions(): readonly Decision[] {
    return this.#decisions;
  }

  add(decision: Decision): void {
    const [newest] = this.#decisions;
    // While the user types, one cancelled or refused question follows another: they make one entry.
    const isRepeated =
      newest?.reason === decision.reason &&
      (PASSING.has(decision.reason) ||
        (LASTING.has(decision.reason) && isSameDocument(newest, decision)));
    const before = isRepeated ? this.#decisions.slice(1) : this.#decisions;
    this.#decisions = [decision, ...before].slice(0, MAX_DECISIONS);
  }
}
