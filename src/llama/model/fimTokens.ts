/** A model's fill-in-the-middle markers: the family table's texts, then the ids of the metadata. */
import { EngineError } from "../../core/base/errors.ts";
import { pathText, quotedText } from "../../core/base/foreignText.ts";
import type { FimTokens } from "../../core/prompt/fimPrompt.ts";
import { ggufFimFamily } from "../../gguf/ggufFimFamily.ts";
import type { LlamaModel } from "./llamaModel.ts";

/**
 * @throws EngineError `noFimTokens` for a model that was not trained to fill in, which most chat models were not.
 */
export function fimTokensOf(model: LlamaModel): FimTokens {
  const { family, ids } = ggufFimFamily(model.header);
  const bos = model.vocabulary.bosToken;
  if (family === undefined) return { ...metadataMarkers(model), bos };
  const { order, prefix, suffix, middle = "", repoName = "", fileSeparator = "" } = family;
  return {
    order,
    prefix: ids.get(prefix)!,
    suffix: ids.get(suffix)!,
    middle: ids.get(middle),
    repoName: ids.get(repoName),
    fileSeparator: ids.get(fileSeparator),
    bos,
  };
}

/** llama.cpp's own finding, in the order that nearly all families use. */
function metadataMarkers(model: LlamaModel): FimTokens {
  const { fn } = model.library;
  const vocab = fn.getVocab(model.pointer);
  const prefix = fn.fimPrefix(vocab);
  const suffix = fn.fimSuffix(vocab);
  const middle = fn.fimMiddle(vocab);
  if (prefix < 0 || suffix < 0 || middle < 0) {
    throw new EngineError(
      "noFimTokens",
      `${pathText(model.path)} (${quotedText(model.name)}) has no fill-in-the-middle markers, so it cannot complete at a cursor. ` +
        "Choose a base code model such as Qwen2.5-Coder; chat models have not learned to fill in.",
    );
  }
  return { order: "PSM", prefix, suffix, middle };
}
