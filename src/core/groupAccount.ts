/**
 * Whether drafters together pay for what drafting costs as such: fusion, the choice of nodes, learning. Each may pay for
 * itself and all of them not for that. Then all sit out and come back as one: alone, none could pay what they share.
 */
import {
  book,
  type GainAccount,
  type Gains,
  isLoss,
  MIN_JUDGED_STEPS,
  netAtBest,
  newGainAccount,
  type StepWorth,
} from "./gainAccount.ts";
import { Pauses } from "./pauses.ts";

export class GroupAccount {
  #account: GainAccount = newGainAccount();
  #members = "";
  #pauses = new Pauses();

  isActive(step: number): boolean {
    return this.#pauses.isOver(step);
  }

  /** Books what drafters brought together in a step, and what that cost in all. A group of others is judged anew. */
  book(members: string, gains: Gains, tokenMs: number): void {
    if (members !== this.#members) this.question();
    this.#members = members;
    book(this.#account, gains, tokenMs);
  }

  /** Something changed: what was booked says little of what comes. */
  question(): void {
    this.#account = newGainAccount();
  }

  /** Whether they lose, as far as that is known by now. */
  loses(worth: StepWorth): boolean {
    if (this.#account.numSteps < MIN_JUDGED_STEPS) return false;
    const netMs = netAtBest(this.#account, worth.tokenMs);
    if (netMs > 0) this.#pauses.forget();
    return isLoss(netMs, worth);
  }

  /** All sit out from this step on. */
  pause(step: number): void {
    this.#pauses.begin(step);
    this.question();
  }

  /** An account of its own that begins where this one stands. */
  inherited(): GroupAccount {
    const heir = new GroupAccount();
    heir.#pauses = this.#pauses.copy();
    return heir;
  }
}
