/** The committed tokens of a target and the cells that hold them: sequence 0, and the prompts that are kept aside. */
import { commonPrefixLength, TokenBuffer } from "../../core/base/tokens.ts";
import type { DecodeBatch } from "../native/decodeBatch.ts";
import type { KvMembership } from "./kvMembership.ts";
import type { LlamaContext } from "./llamaContext.ts";
import { ParkedPrompts } from "./parkedPrompts.ts";
import { type PartPace, partLength } from "./promptParts.ts";

export interface TrunkParts {
  readonly context: LlamaContext;
  readonly batch: DecodeBatch;
  readonly membership: KvMembership;
  readonly pace: PartPace;
  /** Rows that were read become invalid. */
  readonly onDecode: () => void;
  /** Every cell is gone. */
  readonly onCleared: () => void;
}

export class Trunk {
  readonly #parts: TrunkParts;
  readonly parked: ParkedPrompts;
  /** What the cache is meant to hold. */
  readonly #committed = new TokenBuffer();
  /** Cells that really hold it; fewer only after the memory had to be cleared. */
  #numCached = 0;

  constructor(parts: TrunkParts) {
    this.#parts = parts;
    this.parked = new ParkedPrompts(parts.context.trunkStates, parts.membership);
  }

  get length(): number {
    return this.#committed.length;
  }

  get numCached(): number {
    return this.#numCached;
  }

  numHeld(tokens: Int32Array): number {
    return Math.min(commonPrefixLength(this.#committed.view(), tokens), this.#numCached);
  }

  /** The same of what the cache has or an earlier prompt that was kept aside, whichever is more. */
  numAtHand(tokens: Int32Array): number {
    return Math.max(this.numHeld(tokens), this.parked.numHeld(tokens));
  }

  /** Keeps what the cache, or an earlier prompt that was kept aside, has of a prompt. */
  turnTo(tokens: Int32Array, keepsVariants = false): void {
    const held = this.#committed.view().subarray(0, this.#numCached);
    const numKept = this.parked.turnTo(tokens, held, keepsVariants);
    if (numKept === undefined) this.clear();
    else this.#numCached = numKept;
    this.#committed.truncate(0);
    this.#committed.append(tokens.subarray(0, this.#numCached));
  }

  /** Decodes what the cache lacks of the committed tokens. */
  refill(signal: AbortSignal): Promise<void> {
    return this.fill(this.#committed.view(), signal);
  }

  /** Decodes what of `tokens` the cache lacks, part by part; each part is committed when done. */
  async fill(tokens: Int32Array, signal: AbortSignal): Promise<void> {
    const { context, batch, membership, pace } = this.#parts;
    while (this.#numCached < tokens.length) {
      signal.throwIfAborted();
      const numTokens = partLength(this.#numCached, tokens.length, context.partRows);
      const part = tokens.slice(this.#numCached, this.#numCached + numTokens);
      batch.setTokens(part);
      batch.setChainRows(numTokens, this.#numCached);
      const start = performance.now();
      using stop = pace.stopSignal(numTokens, signal, () => performance.now());
      if (!(await this.decode(numTokens, stop.signal))) {
        pace.recordStopped(numTokens, performance.now() - start);
        this.dropBeyond();
        break;
      }
      pace.record(numTokens, performance.now() - start);
      membership.extendTrunk(numTokens);
      // A replay after a clear finds its first tokens committed already.
      this.#committed.append(part.subarray(Math.max(0, this.length - this.#numCached)));
      this.#numCached += numTokens;
    }
    signal.throwIfAborted();
  }

  /** Decodes the rows of the batch. @returns false where the signal stopped it before its end. */
  async decode(numRows: number, signal?: AbortSignal): Promise<boolean> {
    const { context, batch, onDecode } = this.#parts;
    onDecode();
    try {
      return await context.decode(batch.struct(numRows), numRows, signal);
    } catch (error) {
      // What llama.cpp left in the memory after a failure is not defined: start over, the tokens are known.
      this.clear();
      throw error;
    }
  }

  /** Tokens are committed. @param isHeld - whether the memory has kept their cells; else all are decoded again. */
  commit(tokens: readonly number[], isHeld: boolean): void {
    this.#committed.append(tokens);
    if (isHeld) this.#numCached = this.length;
    else this.clear();
  }

  /** Drops the cells beyond what is committed. */
  dropBeyond(): void {
    if (!this.#parts.membership.truncate(this.#numCached)) this.clear();
  }

  /** Forgets every cell; the committed tokens are decoded again before the next pass. */
  clear(): void {
    this.#parts.onCleared();
    this.#parts.context.memory.clear();
    this.#parts.membership.reset();
    this.#numCached = 0;
  }
}
