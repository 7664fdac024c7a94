import { nullLog } from "../../src/core/base/log.ts";
import type { PieceBytes } from "../../src/core/drafters/ghostStore.ts";
import { BackgroundTurns } from "../../src/engine/base/backgroundTurns.ts";
import { LearnedState, type LearnedStateOptions } from "../../src/engine/learned/learnedState.ts";

/** A state that has learned nothing. */
export function newLearnedState(
  vocabSize: number,
  pieceBytes: PieceBytes = () => new Uint8Array(1),
  options: Partial<LearnedStateOptions> = {},
): LearnedState {
  return new LearnedState({
    vocabSize,
    pieceBytes,
    tokenizerHash: "tokenizer",
    modelsKey: "models",
    policy: undefined,
    turns: new BackgroundTurns(),
    log: nullLog,
    ...options,
  });
}
