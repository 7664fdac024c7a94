/**
 * Prompts of other places, kept as copies of their cells, so that a cursor that comes back finds its prompt evaluated.
 *
 * Not as sequences in the cache: llama.cpp's attention reads every used cell, whoever holds it, so each would make every later
 * pass slower. A copy takes milliseconds, and what is evaluated lies where it would lie alone.
 */
import { commonPrefixLength } from "../../core/base/tokens.ts";
import type { KvMembership } from "./kvMembership.ts";
import { isOtherPlace, MIN_OWN_TOKENS } from "./promptPlace.ts";

/** Prompts at most: with the trunk, four places. */
export const MAX_PARKED_PROMPTS = 3;
/**
 * Of all copies at most. A token takes 28 KiB in Qwen2.5-Coder 1.5B (28 layers, 2 heads of 128, F16), 12 KiB in the 0.5B and 56 KiB
 * in the 7B: three prompts of 1,024 tokens 84, 36 and 168 MiB.
 */
export const MAX_PARKED_BYTES = 192 * 2 ** 20;

/** Tokens of a variant that are worth a copy: a part that was read between two keys. */
export const MIN_VARIANT_TOKENS = 16;

/** Copies of all cells of the trunk. */
export interface TrunkStates {
  /** Of a copy made now. */
  readonly numBytes: number;
  /** Fills a copy. False if that failed; the cells are as they were. */
  read(state: Uint8Array): boolean;
  /** Gives the empty trunk the cells of a copy. False if that failed; then the memory must be cleared. */
  write(state: Uint8Array): boolean;
}

interface ParkedPrompt {
  readonly tokens: Int32Array;
  readonly state: Uint8Array;
}

/** The prompts kept aside from one trunk, the one that was left last at the end. */
export class ParkedPrompts {
  readonly #states: TrunkStates | undefined;
  readonly #trunk: KvMembership;
  readonly #maxBytes: number;
  #prompts: ParkedPrompt[] = [];

  /** @param states - absent where nothing can be parked. */
  constructor(
    states: TrunkStates | undefined,
    trunk: KvMembership,
    maxBytes: number = MAX_PARKED_BYTES,
  ) {
    this.#states = states;
    this.#trunk = trunk;
    this.#maxBytes = maxBytes;
  }

  /** No where the cells cannot be copied. */
  get canPark(): boolean {
    return this.#states !== undefined;
  }

  /** Tokens of each. */
  get lengths(): readonly number[] {
    return this.#prompts.map(({ tokens }) => tokens.length);
  }

  get numBytes(): number {
    return this.#prompts.reduce((sum, { state }) => sum + state.length, 0);
  }

  /**
   * Turns the trunk to a prompt: it keeps the longest start that it has in common with it, or takes that of a parked prompt.
   * What it held is parked if that is another place; what is parked of the prompt's own place goes. No tokens: all goes.
   *
   * @param held - what the trunk holds.
   * @param keepsVariants - whether other prompts of one place are kept, too: one that is read ahead, and the one in use.
   * @returns tokens that the trunk holds now; undefined if the memory must be cleared.
   */
  turnTo(tokens: Int32Array, held: Int32Array, keepsVariants = false): number | undefined {
    if (tokens.length === 0) this.#prompts = [];
    const isOther = keepsVariants ? isVariant : isOtherPlace;
    const numOwn = commonPrefixLength(held, tokens);
    // Copies are not worth fewer tokens.
    const minMore = keepsVariants ? MIN_VARIANT_TOKENS : MIN_OWN_TOKENS;
    const source = this.#longestStart(tokens, numOwn + minMore);
    const isParked = tokens.length > 0 && isOther(held, tokens) && this.#park(held);
    if (source !== undefined || isParked) {
      this.#prompts = this.#prompts.filter((prompt) => isOther(prompt.tokens, tokens));
      this.#dropOldest();
    }
    if (source === undefined) return this.#truncate(numOwn) ? numOwn : undefined;
    if (!this.#truncate(0) || this.#states?.write(source.state) !== true) {
      this.#prompts = this.#prompts.filter((prompt) => prompt !== source);
      return undefined;
    }
    this.#trunk.extendTrunk(source.tokens.length);
    const length = commonPrefixLength(source.tokens, tokens);
    return this.#truncate(length) ? length : undefined;
  }

  /** Tokens of a prompt that the parked one has which has most of it. */
  numHeld(tokens: Int32Array): number {
    return Math.max(0, ...this.#prompts.map((prompt) => commonPrefixLength(prompt.tokens, tokens)));
  }

  /** The parked prompt that has most in common with `tokens`, at least `minTokens`. */
  #longestStart(tokens: Int32Array, minTokens: number): ParkedPrompt | undefined {
    let longest: ParkedPrompt | undefined;
    let most = minTokens - 1;
    for (const prompt of this.#prompts) {
      const length = commonPrefixLength(prompt.tokens, tokens);
      if (length <= most) continue;
      most = length;
      longest = prompt;
    }
    return longest;
  }

  /** In place of what it goes on from. @returns false for a prompt that is too large, or could not be copied. */
  #park(held: Int32Array): boolean {
    const numBytes = this.#states?.numBytes ?? 0;
    if (numBytes === 0 || numBytes > this.#maxBytes) return false;
    const state = new Uint8Array(numBytes);
    if (this.#states?.read(state) !== true) return false;
    this.#prompts = this.#prompts.filter((prompt) => isVariant(prompt.tokens, held));
    this.#prompts.push({ tokens: held.slice(), state });
    return true;
  }

  #dropOldest(): void {
    while (this.#prompts.length > MAX_PARKED_PROMPTS || this.numBytes > this.#maxBytes) {
      this.#prompts.shift();
    }
  }

  #truncate(length: number): boolean {
    return length === this.#trunk.length || this.#trunk.truncate(length);
  }
}

/** Whether a prompt has cells that another one has no use for. */
function isVariant(kept: Int32Array, tokens: Int32Array): boolean {
  return kept.length - commonPrefixLength(kept, tokens) >= MIN_VARIANT_TOKENS;
}
