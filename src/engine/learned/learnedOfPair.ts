/** What drafting learns with a loaded pair: which models it holds of. */
import { tokenizerHash } from "../../llama/model/tokenizerHash.ts";
import type { ModelPair } from "../models/modelHost.ts";
import type { LoadedModels } from "../protocol/protocol.ts";
import { LearnedState, type LearnedStateOptions } from "./learnedState.ts";

/** A state that has learned nothing yet. */
export function newLearnedState(
  { target: { model }, loaded }: ModelPair,
  options: Pick<LearnedStateOptions, "policy" | "turns" | "log" | "keepAfterMs">,
): LearnedState {
  return new LearnedState({
    vocabSize: model.vocabulary.size,
    pieceBytes: (token) => model.vocabulary.pieceBytes(token),
    tokenizerHash: tokenizerHash(model.header),
    modelsKey: modelsKeyOf(loaded),
    ...options,
  });
}

/** What was learned of drafts holds of these two models. */
function modelsKeyOf({ target, draft }: LoadedModels): string {
  const keyOf = ({ name, fileBytes }: LoadedModels["target"]) => `${name} ${fileBytes}`;
  return `${keyOf(target)}, ${draft === undefined ? "no draft" : keyOf(draft)}`;
}
