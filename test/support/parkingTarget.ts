import { expect } from "vitest";
import type { LlamaTarget } from "../../src/llama/target/llamaTarget.ts";
import { MAX_PARKED_PROMPTS } from "../../src/llama/target/parkedPrompts.ts";
import { NEVER } from "./never.ts";

/** Tokens of a prompt that is parked when another one follows. */
const NUM_TOKENS = 72;

/**
 * The same target, with prompts of other places: before the first tokens after it was emptied, as many are parked as can be.
 * @param others - tokens of which none begins a prompt under test.
 */
export function withParkedPrompts(target: LlamaTarget, others: Int32Array): LlamaTarget {
  const place = (index: number) =>
    Int32Array.from(
      { length: NUM_TOKENS },
      (_, at) => others[(index + at * (index + 1)) % others.length]!,
    );
  return new Proxy(target, {
    get(inner, name) {
      if (name === "prefill") {
        return async (tokens: Int32Array, signal: AbortSignal) => {
          const isFirst = inner.kvLength === 0 && tokens.length > 0;
          if (isFirst && tokens.length <= inner.contextSize && inner.parkedLengths.length === 0) {
            for (let index = 0; index <= MAX_PARKED_PROMPTS; index++) {
              await inner.prefill(place(index), NEVER);
            }
            // An abort before the prompt begins leaves what was there: next to nothing.
            await inner.prefill(place(MAX_PARKED_PROMPTS + 1).subarray(0, 1), NEVER);
            expect(inner.parkedLengths).toHaveLength(MAX_PARKED_PROMPTS);
          }
          return inner.prefill(tokens, signal);
        };
      }
      const value = Reflect.get(inner, name, inner) as unknown;
      return typeof value === "function" ? value.bind(inner) : value;
    },
  });
}
