/** Whether two prompts were asked at one place of a text. */
import { commonPrefixLength } from "../../core/base/tokens.ts";

/**
 * Tokens that are worth keeping, and make another place: what the target reads in half a second (Qwen2.5-Coder 1.5B on two
 * cores: 125 a second). What is typed between two prompts is less, and what was generated behind one stands on one side only.
 */
export const MIN_OWN_TOKENS = 64;
/** Of a short prompt, less: its own share. */
const MIN_OWN_SHARE = 0.5;
/** Tokens of a run that is looked for. */
const RUN_LENGTH = 8;

/**
 * Whether a new prompt is another place's, and what is kept of the last one worth keeping: each has text of its own. A prompt
 * whose suffix moved behind a typed word, whose start was cut elsewhere, or behind which something was generated shares
 * little from its start and is the same place all the same.
 */
export function isOtherPlace(kept: Int32Array, tokens: Int32Array): boolean {
  const numCommon = commonPrefixLength(kept, tokens);
  const keptRest = kept.subarray(numCommon);
  const rest = tokens.subarray(numCommon);
  const minOwn = Math.min(MIN_OWN_TOKENS, MIN_OWN_SHARE * tokens.length);
  // Nearly always so, and a draft model asks before every draft.
  if (keptRest.length < MIN_OWN_TOKENS || rest.length < minOwn) return false;
  return numLacking(keptRest, rest) >= MIN_OWN_TOKENS && numLacking(rest, keptRest) >= minOwn;
}

/** Tokens of `some` that no run of `other` holds. */
function numLacking(some: Int32Array, other: Int32Array): number {
  const runs = new Set<number>();
  for (let start = 0; start + RUN_LENGTH <= other.length; start++) runs.add(runHash(other, start));
  let num = 0;
  let coveredEnd = 0;
  for (let index = 0; index < some.length; index++) {
    if (index + RUN_LENGTH <= some.length && runs.has(runHash(some, index))) {
      coveredEnd = index + RUN_LENGTH;
    }
    if (index >= coveredEnd) num++;
  }
  return num;
}

function runHash(tokens: Int32Array, start: number): number {
  let hash = 0;
  for (let index = start; index < start + RUN_LENGTH; index++) {
    hash = Math.imul(hash ^ tokens[index]!, 0x9e3779b1);
    hash ^= hash >>> 15;
  }
  return hash;
}
