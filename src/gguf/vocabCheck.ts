/** Whether a draft model can draft for a target: same ids, same texts. */
import { EngineError } from "../core/base/errors.ts";
import { pathText, quotedText } from "../core/base/foreignText.ts";
import { type GgufHeader, ggufNumber, ggufString, ggufStrings } from "./ggufHeader.ts";

/** Rows that two models of one family may differ by: padding at the end (llama.cpp's SPEC_VOCAB_MAX_SIZE_DIFFERENCE). */
const MAX_SIZE_DIFFERENCE = 128;
/** Settings that must agree, since they decide what ids mean. */
const SPECIAL_IDS = ["tokenizer.ggml.bos_token_id", "tokenizer.ggml.eos_token_id"];

/**
 * The first difference between two vocabularies, in words, or undefined if a draft of one is a draft for the other.
 * Differing padding at the end is none.
 */
export function vocabularyDifference(target: GgufHeader, draft: GgufHeader): string | undefined {
  const model = "tokenizer.ggml.model";
  const targetKind = ggufString(target, model);
  const draftKind = ggufString(draft, model);
  if (targetKind !== draftKind) {
    return `the target's tokenizer is ${kindText(targetKind)}, the draft's ${kindText(draftKind)}`;
  }
  const targetTokens = ggufStrings(target, "tokenizer.ggml.tokens") ?? [];
  const draftTokens = ggufStrings(draft, "tokenizer.ggml.tokens") ?? [];
  if (Math.abs(targetTokens.length - draftTokens.length) > MAX_SIZE_DIFFERENCE) {
    return `the target has ${targetTokens.length} tokens, the draft ${draftTokens.length}`;
  }
  const shared = Math.min(targetTokens.length, draftTokens.length);
  for (let id = 0; id < shared; id++) {
    if (targetTokens[id] !== draftTokens[id]) {
      const [inTarget, inDraft] = [targetTokens[id]!, draftTokens[id]!].map(quotedText);
      return `token ${id} is ${inTarget} in the target and ${inDraft} in the draft`;
    }
  }
  for (const key of SPECIAL_IDS) {
    const targetId = ggufNumber(target, key);
    const draftId = ggufNumber(draft, key);
    if (targetId !== draftId) {
      return `${key} is ${targetId ?? "absent"} in the target and ${draftId ?? "absent"} in the draft`;
    }
  }
  return undefined;
}

function kindText(kind: string | undefined): string {
  return kind === undefined ? "absent" : quotedText(kind);
}

/** @throws EngineError `vocabMismatch` that says where the two models differ. */
export function checkSharedVocabulary(target: GgufHeader, draft: GgufHeader): void {
  const difference = vocabularyDifference(target, draft);
  if (difference === undefined) return;
  throw new EngineError(
    "vocabMismatch",
    `${pathText(draft.path)} cannot draft for ${pathText(target.path)}: ${difference}. ` +
      "Choose two models of one family, or load the target without a draft model.",
  );
}
