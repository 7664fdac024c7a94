/** A question about a prompt → its tokens, made as a completion makes them. */
import { windowPrefix } from "../../core/prompt/fimPrompt.ts";
import { promptShares } from "../../core/prompt/promptShares.ts";
import { PromptTokens } from "../../llama/text/promptTokens.ts";
import type { ModelPair } from "../models/modelHost.ts";
import type { PromptAnswer, PromptQuestion } from "../protocol/promptMessages.ts";
import { buildCompletionPrompt, MAX_PROMPT_TOKENS } from "./completionPrompt.ts";
import type { PromptContext } from "./contextSource.ts";

export function answerPrompt(
  pair: ModelPair,
  question: PromptQuestion,
  context: PromptContext | undefined,
): PromptAnswer {
  const { model } = pair.target;
  const { maxPromptTokens = MAX_PROMPT_TOKENS } = question;
  // Its own: what completions remember of their text stays as it is.
  const ownTokens = new PromptTokens(model);
  const prompt = buildCompletionPrompt(pair, ownTokens, question, maxPromptTokens, context);
  const { vocabulary } = model;
  const text = windowPrefix(question.prefixText, maxPromptTokens);
  const own = vocabulary.tokenize(text);
  const together = vocabulary.tokenize(text + question.nextText);
  return {
    promptTokens: prompt.promptTokens,
    keepsTokens: own.every((token, index) => together[index] === token),
    shares: promptShares(prompt, context?.numTokens),
    snippets: prompt.numContextTokens > 0 ? (context?.snippets ?? []) : [],
    vocabSize: vocabulary.size,
  };
}
