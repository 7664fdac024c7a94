/** What plain and speculative decoding share: when a generation ends, and what it returns. */

import type { Token } from "../base/tokens.ts";
import type { DecodeStats } from "./decodeStats.ts";
import type { TokenConstraint } from "./tokenConstraint.ts";

/** Why a generation ended. */
export type FinishReason = "endToken" | "maxTokens" | "stopRule" | "contextFull";

/** Decides, token by token, whether the output is complete. Pure with respect to the model. */
export interface StopRule {
  /** Takes the next token; true if the output ends with it. */
  push(token: Token): boolean;
}

/** What an output may be, and when it ends. */
export interface GenerationLimits {
  /** Output tokens at most; at least 1. */
  readonly maxTokens: number;
  /** The model's end-of-generation set; such a token ends the output and is not part of it. */
  readonly isEndToken: (token: Token) => boolean;
  readonly stopRule?: StopRule;
  /** What its tokens may be; absent: anything. */
  readonly constraint?: TokenConstraint | undefined;
}

/** A finished generation. */
export interface Generation {
  readonly tokens: Int32Array;
  /** [tokens.length] bits of the sources that drafted each token; 0 where it was the target's bonus token. */
  readonly tokenSources: Uint8Array;
  readonly finishReason: FinishReason;
  readonly stats: DecodeStats;
}

/** Collects the output and applies the limits; both decoders push every token through it, so both end alike. */
export class OutputCollector {
  readonly #limits: GenerationLimits;
  readonly #tokens: Token[] = [];
  readonly #sources: number[] = [];
  finishReason: FinishReason | undefined;

  /** @throws RangeError unless maxTokens is a positive integer. */
  constructor(limits: GenerationLimits) {
    if (!Number.isInteger(limits.maxTokens) || limits.maxTokens < 1) {
      throw new RangeError(`maxTokens is ${limits.maxTokens}, expected an integer of at least 1`);
    }
    this.#limits = limits;
  }

  get length(): number {
    return this.#tokens.length;
  }

  /** Output tokens that may still come. */
  get numRemaining(): number {
    return this.#limits.maxTokens - this.#tokens.length;
  }

  /** Takes one committed token; false if the output had ended before it. An end token is taken, but not kept. */
  push(token: Token, source: number): boolean {
    if (this.finishReason !== undefined) return false;
    if (this.#limits.isEndToken(token)) {
      this.finishReason = "endToken";
      return true;
    }
    this.#tokens.push(token);
    this.#sources.push(source);
    if (this.#limits.stopRule?.push(token) === true) this.finishReason = "stopRule";
    else if (this.#tokens.length >= this.#limits.maxTokens) this.finishReason = "maxTokens";
    return true;
  }

  /** Tokens from `start` on. */
  tokensFrom(start: number): Int32Array {
    return Int32Array.from(this.#tokens.slice(start));
  }

  finish(stats: DecodeStats): Generation {
    return {
      tokens: Int32Array.from(this.#tokens),
      tokenSources: Uint8Array.from(this.#sources),
      finishReason: this.finishReason ?? "contextFull",
      stats,
    };
  }
}
