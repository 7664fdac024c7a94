/** A question about a prompt → its tokens, made as a completion makes them. */
import { windowPrefix } from "../core/fimPrompt.ts";
import { PromptTokens } from "../llama/promptTokens.ts";
import { buildCompletionPrompt, MAX_PROMPT_TOKENS } from "./completionPrompt.ts";
import type { ModelPair } from "./modelHost.ts";
import type { PromptAnswer, PromptQuestion } from "./promptMessages.ts";

export function answerPrompt(pair: ModelPair, question: PromptQuestion): PromptAnswer {
  const { model } = pair.target;
  // Its own: what completions remember of their text stays as it is.
  const { promptTokens } = buildCompletionPrompt(pair, new PromptTokens(model), question);
  const { vocabulary } = model;
  const text = windowPrefix(question.prefixText, MAX_PROMPT_TOKENS);
  const own = vocabulary.tokenize(text);
  const together = vocabulary.tokenize(text + question.nextText);
  return {
    promptTokens,
    keepsTokens: own.every((token, index) => together[index] === token),
    vocabSize: vocabulary.size,
  };
}
