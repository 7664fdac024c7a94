/** What was seen while somebody typed, made up. */
import type {
  TypingPause,
  TypingRun,
  TypingSession,
} from "../../src/bench/typing/typingFigures.ts";

/** @param ghostMs - null: none before the pause ended. */
export function typingPause(
  step: number,
  drawnMs: number,
  ghostMs: number | null,
  more: Partial<TypingPause> = {},
): TypingPause {
  const origin = ghostMs === null ? "cutOff" : "generated";
  return { step, place: 1, drawnMs, pauseMs: drawnMs, ghostMs, origin, ...more };
}

export function typingRun(pauses: readonly TypingPause[]): TypingRun {
  return {
    pauses,
    numGenerations: 4,
    numCancelled: 1,
    numPasses: 10,
    numWastedPasses: 2,
    numPromptTokens: 100,
    numReusedTokens: 90,
    numAsked: 2,
    numWarm: 1,
    numAcceptedSuggestions: 1,
  };
}

/** A session in whose pauses ghost text came after so many ms in each mode. */
export function typingSession(
  seed: number,
  [withCaches, promptOnly, withoutCaches]: readonly [
    readonly (number | null)[],
    readonly (number | null)[],
    readonly (number | null)[],
  ],
  drawnMs = 2000,
): TypingSession {
  const run = (times: readonly (number | null)[]) =>
    typingRun(times.map((ms, step) => typingPause(step, drawnMs, ms)));
  return {
    seed,
    runs: {
      withCaches: run(withCaches),
      promptOnly: run(promptOnly),
      withoutCaches: run(withoutCaches),
    },
  };
}
