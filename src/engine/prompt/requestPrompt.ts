/** Which prompt a request gets, and what the target reads for the next one while nobody waits. */
import type { KeptAnchors } from "../../core/prompt/keptAnchors.ts";
import type { PromptSpeed } from "../../core/prompt/promptLength.ts";
import { type PromptShares, promptShares } from "../../core/prompt/promptShares.ts";
import { PromptTokens } from "../../llama/text/promptTokens.ts";
import type { WorkspaceStore } from "../indexing/workspaceStore.ts";
import type { ModelPair } from "../models/modelHost.ts";
import type { CompleteParams } from "../protocol/completeMessages.ts";
import {
  buildCompletionPrompt,
  type CompletionPrompt,
  MAX_PROMPT_TOKENS,
  type PromptRequest,
} from "./completionPrompt.ts";
import type { ContextRequest, ContextSource, PromptContext } from "./contextSource.ts";
import type { Reading } from "./idleReading.ts";
import { type ChosenPrompt, choosePrompt, chosenWhole } from "./promptChoice.ts";

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

export interface RequestPrompt {
  readonly prompt: CompletionPrompt;
  readonly shares: PromptShares;
  /** Tokens of it that the target has yet to read. */
  readonly numUnread: number;
  /** Prompts that the next request should find, to be read meanwhile. */
  readonly readings: readonly Reading[];
}

/** @throws the signal's reason; what the target throws. */
export async function requestPrompt(
  stores: PromptStores,
  params: CompleteParams,
  signal: AbortSignal,
): Promise<RequestPrompt> {
  const { pair, speed, anchors } = stores;
  const { model, target } = pair.target;
  const { anchor = "cursor", maxPromptTokens = MAX_PROMPT_TOKENS, firstLineMs } = params;
  const reusesPrompt = params.reusesPrompt ?? true;
  const keepsAnchor = reusesPrompt && params.keepsAnchor === true;
  if (!reusesPrompt) await emptyCaches(pair, signal);
  const promptTokens = reusesPrompt ? stores.promptTokens : new PromptTokens(model);
  const context = await contextOf(stores, params, signal);
  const build = (request: PromptRequest, maxTokens = maxPromptTokens) =>
    buildCompletionPrompt(pair, promptTokens, request, maxTokens, context, maxPromptTokens);
  const key = documentKeyOf(params) ?? "";
  const placed = keepsAnchor
    ? { ...params, anchorAt: anchors.anchorAt(key, params, anchor) }
    : params;

  const ofLength = (maxTokens: number) => build(placed, maxTokens);
  // Where nothing can be kept aside a short prompt would stay short.
  const maySelect = firstLineMs !== undefined && reusesPrompt && target.keepsAside;
  const { prompt, numUnread, ahead }: ChosenPrompt = maySelect
    ? choosePrompt(target, speed, firstLineMs, maxPromptTokens, ofLength)
    : chosenWhole(target, ofLength(maxPromptTokens));
  // What was read ahead stays, whole or in part, for the requests that come.
  if (maySelect || keepsAnchor) target.turnTo(prompt.promptTokens);

  let renewedAt: number | undefined;
  const reading: Reading = {
    ...{ model: target, waits: true },
    // Where much was typed since the anchor, the prompt of a new one; else the whole one, where a shorter one is used.
    tokens: () => {
      renewedAt = keepsAnchor ? anchors.renewalAt(key, params, anchor) : undefined;
      return renewedAt === undefined
        ? ahead
        : build({ ...params, anchorAt: renewedAt }).promptTokens;
    },
    onRead: (numTokens, ms) => speed.record(numTokens, ms),
    onDone: () => {
      if (renewedAt !== undefined) anchors.renew(key, params, anchor);
    },
  };
  const readings = reusesPrompt && target.keepsAside ? [reading] : [];
  return { prompt, shares: promptShares(prompt, context?.numTokens), numUnread, readings };
}

/** @throws the signal's reason. */
export async function contextOf(
  { context, workspace }: Pick<PromptStores, "context" | "workspace">,
  request: ContextRequest & Pick<CompleteParams, "documentPath">,
  signal: AbortSignal,
): Promise<PromptContext | undefined> {
  return context?.contextOf(request, workspace?.shownTo?.(request), signal);
}

/** What a document is remembered by. */
export function documentKeyOf({ documentPath, filePath }: CompleteParams): string | undefined {
  return documentPath ?? filePath;
}

async function emptyCaches({ target, draft }: ModelPair, signal: AbortSignal): Promise<void> {
  for (const one of [target, draft]) await one?.target.prefill(new Int32Array(0), signal);
}
