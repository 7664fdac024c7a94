/**
 * Whether steps with drafts are worth more than plain ones. Each drafter may pay for itself and all of them not for what
 * is nobody's own: fusion, the choice of nodes, learning, slower passes. Then all sit out and come back as one: alone,
 * none could pay what they share.
 */
import {
  book,
  type GainAccount,
  type Gains,
  isClearLoss,
  isLoss,
  MIN_CLEAR_STEPS,
  MIN_JUDGED_STEPS,
  netAtBest,
  netOf,
  newGainAccount,
  type StepWorth,
} from "./gainAccount.ts";
import { Pauses } from "./pauses.ts";

export class GroupAccount {
  #account: GainAccount = newGainAccount();
  /** Bits of the sources that were booked last. */
  #members = 0;
  #pauses = new Pauses();

  isActive(step: number): boolean {
    return this.#pauses.isOver(step);
  }

  /** Books a whole step: its tokens, and what it took. A group of others is judged anew. */
  book(members: number, gains: Gains, plainMs: number): void {
    if (members !== this.#members) this.question();
    this.#members = members;
    book(this.#account, gains, plainMs);
  }

  /** Something changed: what was booked says little of what comes. */
  question(): void {
    this.#account = newGainAccount();
  }

  /**
   * Whether they lose, as far as that is known by now.
   * @param savedMs - what would be saved, at best, if some of them did not draft.
   */
  loses(worth: StepWorth, savedMs: number): boolean {
    const netMs = netAtBest(this.#account, worth.plainMs);
    const isClear = isClearLoss(netMs + savedMs, worth);
    if (this.#account.numSteps < (isClear ? MIN_CLEAR_STEPS : MIN_JUDGED_STEPS)) return false;
    if (netMs > 0) this.#pauses.forget();
    return isLoss(netMs + savedMs, worth);
  }

  /** What they bring a step beyond plain decoding, recently. */
  netMs(plainMs: number): number {
    return netOf(this.#account.recent, plainMs);
  }

  /** All sit out from this step on. */
  pause(step: number, worth: StepWorth): void {
    this.#pauses.begin(step, isClearLoss(netAtBest(this.#account, worth.plainMs), worth));
    this.question();
  }

  /** An account of its own that begins where this one stands. */
  inherited(): GroupAccount {
    const heir = new GroupAccount();
    heir.#pauses = this.#pauses.copy();
    return heir;
  }
}
