/** Which prompt a request gets, and what the target reads for the next one while nobody waits. */
import { windowPrefix } from "../../core/prompt/fimPrompt.ts";
import type { KeptAnchors } from "../../core/prompt/keptAnchors.ts";
import { firstWithin, type PromptSpeed, promptLengths } from "../../core/prompt/promptLength.ts";
import { promptShares } from "../../core/prompt/promptShares.ts";
import { PromptTokens } from "../../llama/text/promptTokens.ts";
import type { WorkspaceStore } from "../indexing/workspaceStore.ts";
import type { ModelPair } from "../models/modelHost.ts";
import type { CompleteParams, PromptEntries } from "../protocol/completeMessages.ts";
import type { PromptAnswer, PromptQuestion } from "../protocol/promptMessages.ts";
import {
  buildCompletionPrompt,
  MAX_PROMPT_TOKENS,
  type PromptRequest,
} from "./completionPrompt.ts";
import type { ContextSource, PromptContext } from "./contextSource.ts";
import type { Reading } from "./idleReading.ts";

/** What prompts are made of, and what outlives one. */
export interface PromptStores {
  readonly pair: ModelPair;
  readonly promptTokens: PromptTokens;
  readonly anchors: KeptAnchors;
  readonly speed: PromptSpeed;
  readonly workspace?: Partial<Pick<WorkspaceStore, "shownTo">>;
  /** Absent where prompts have no text of other files. */
  readonly context?: ContextSource;
}

/**
 * @returns the prompt, tokens of it that the target has yet to read, and what the next request should find, to be read meanwhile.
 * @throws the signal's reason; what the target throws.
 */
export async function requestPrompt(
  stores: PromptStores,
  params: CompleteParams,
  signal: AbortSignal,
) {
  const { pair, speed, anchors } = stores;
  const { model, target } = pair.target;
  const { anchor = "cursor", maxPromptTokens = MAX_PROMPT_TOKENS, firstLineMs } = params;
  const reusesPrompt = params.reusesPrompt ?? true;
  const keepsAnchor = reusesPrompt && params.keepsAnchor === true;
  if (!reusesPrompt) {
    await target.prefill(new Int32Array(0), signal);
    await pair.draft?.target.prefill(new Int32Array(0), signal);
  }
  const promptTokens = reusesPrompt ? stores.promptTokens : new PromptTokens(model);
  const context = await contextOf(stores, params, signal);
  const build = (request: PromptRequest, maxTokens = maxPromptTokens) =>
    buildCompletionPrompt(pair, promptTokens, request, maxTokens, context, maxPromptTokens);
  const key = documentKeyOf(params) ?? "";
  const placed = keepsAnchor
    ? { ...params, anchorAt: anchors.anchorAt(key, params, anchor) }
    : params;

  const whole = build(placed);
  function* choices() {
    for (const length of promptLengths(maxPromptTokens)) {
      const prompt = length === maxPromptTokens ? whole : build(placed, length);
      const numUnread = prompt.promptTokens.length - target.numAtHand(prompt.promptTokens);
      yield { prompt, numUnread };
    }
  }
  // Where nothing can be kept aside a short prompt would stay short.
  const maySelect = firstLineMs !== undefined && reusesPrompt && target.keepsAside;
  const numReadable = maySelect ? speed.tokensWithin(firstLineMs) : Number.POSITIVE_INFINITY;
  const { prompt, numUnread } = firstWithin(choices(), numReadable);
  // What was read ahead stays, whole or in part, for the requests that come.
  if (maySelect || keepsAnchor) target.turnTo(prompt.promptTokens);

  let renewedAt: number | undefined;
  const reading: Reading = {
    ...{ model: target, waits: true },
    // Where much was typed since the anchor, the prompt of a new one; else the whole one, where a shorter one is used.
    tokens: () => {
      renewedAt = keepsAnchor ? anchors.renewalAt(key, params, anchor) : undefined;
      if (renewedAt !== undefined) return build({ ...params, anchorAt: renewedAt }).promptTokens;
      return prompt === whole ? undefined : whole.promptTokens;
    },
    onRead: (numTokens, ms) => speed.record(numTokens, ms),
    onDone: () => {
      if (renewedAt !== undefined) anchors.renew(key, params, anchor);
    },
  };
  const readings = reusesPrompt && target.keepsAside ? [reading] : [];
  return { prompt, shares: promptShares(prompt, context?.numTokens), numUnread, readings };
}

/** The tokens of a prompt, made as a completion makes them. No pass is made. @throws the signal's reason. */
export async function answerPrompt(
  stores: PromptStores,
  question: PromptQuestion,
  signal: AbortSignal,
): Promise<PromptAnswer> {
  const { pair } = stores;
  const { model } = pair.target;
  const { vocabulary } = model;
  const { maxPromptTokens = MAX_PROMPT_TOKENS } = question;
  const context = await contextOf(stores, question, signal);
  signal.throwIfAborted();
  // Its own: what completions remember of their text stays as it is.
  const ownTokens = new PromptTokens(model);
  const prompt = buildCompletionPrompt(pair, ownTokens, question, maxPromptTokens, context);
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

async function contextOf(
  { context, workspace }: PromptStores,
  request: PromptEntries,
  signal: AbortSignal,
): Promise<PromptContext | undefined> {
  return context?.contextOf(request, workspace?.shownTo?.(request), signal);
}

/** What a document is remembered by. */
export function documentKeyOf({ documentPath, filePath }: CompleteParams): string | undefined {
  return documentPath ?? filePath;
}
