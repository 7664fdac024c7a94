/** Output that repeats itself: easy to draft, useless to read, so it is reported apart. */
import type { Token } from "../base/tokens.ts";

const LOOP_LENGTH = 8;
const LOOP_REPEATS = 3;

/** Whether some run of 8 tokens occurs three times; the occurrences may overlap, as in one token repeated. */
export function isLooping(tokens: ArrayLike<Token>): boolean {
  const counts = new Map<string, number>();
  const all = Array.from(tokens);
  for (let start = 0; start + LOOP_LENGTH <= all.length; start++) {
    const key = all.slice(start, start + LOOP_LENGTH).join(" ");
    const count = (counts.get(key) ?? 0) + 1;
    if (count >= LOOP_REPEATS) return true;
    counts.set(key, count);
  }
  return false;
}
