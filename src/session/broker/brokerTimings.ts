/** What the broker waits for, and how long. */
/** A shown suggestion that nobody types into for this long may be about to be accepted, in ms. */
export const PREFETCH_IDLE_MS = 200;
/** A cursor that rests this long in a new place may be typed at, in ms (Cody preloads after as long). */
export const REST_MS = 150;
/**
 * Lines that are done are shown when a generation has taken so long, in ms: before VS Code gives a question up (750 ms),
 * and late enough that a quick engine's text comes whole, as lines that are shown are not replaced.
 */
export const LINES_AFTER_MS = 600;
/** A question that comes later than that waits so long for more of them, in ms. */
export const MORE_LINES_MS = 150;
/** Slower engines prepare only what was accepted or asked for, in ms: a guess must not keep a machine busy. */
export const MAX_GUESS_LATENCY_MS = 500;
/**
 * How long a generation outlives a cancelled question, in ms. Editors cancel at each key and ask again a little later
 * (VS Code after 50 ms); if they do not, the engine is freed.
 */
export const ORPHAN_GRACE_MS = 500;

/** When lines that are done will do in place of the end. Both by the same clock, in ms. */
export function linesDueAt(startedAt: number, arrivedAt: number): number {
  return Math.max(startedAt + LINES_AFTER_MS, arrivedAt + MORE_LINES_MS);
}
