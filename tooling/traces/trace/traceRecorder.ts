/**
 * Records what a pair says at one place: the target's own greedy output row by row; along it the draft model's rows, and
 * its own chains from every position; and of the target what drafters propose beside the output (`proposals.ts`).
 */

import type { Token } from "../../../src/core/base/tokens.ts";
import { greedyDecode } from "../../../src/core/decode/greedyDecode.ts";
import type { BranchedTarget } from "../../../src/core/tree/branchedTarget.ts";
import type { GenerationContext } from "../../../src/core/tree/drafter.ts";
import { DraftTreeBuilder, rootOnlyTree } from "../../../src/core/tree/draftTree.ts";
import { RecordingTarget } from "./recordingTarget.ts";
import { PROMPT_NODE, RowTrie } from "./rowTrie.ts";
import { pathOf, type TracePrompt } from "./trace.ts";
import { type ChainStart, followChains, type RecordedPath, readOffshoots } from "./trieRows.ts";

/** Entries of a row on the output's path, ... */
export const PATH_TOP = 32;
/** ... and beside it, where no drafter reads more. */
const OFFSHOOT_TOP = 10;
/** Tokens of the draft model's chain from a position. */
const CHAIN_TOKENS = 8;
/** Other tokens of the draft model that are followed where it gives them so much, and as long as they have so much. */
const MIN_SIDE_PROB = 0.1;
/** Rows of a pass along a path that is known. */
const PATH_ROWS = 64;
/** What is proposed depends on rows that were read for what was proposed; the last rounds find next to nothing. */
const NUM_ROUNDS = 3;

export interface RecordedModels {
  readonly target: BranchedTarget;
  readonly draft?: BranchedTarget | undefined;
  readonly isEndToken: (token: Token) => boolean;
}

/** What was said at a place. */
export type Recorded = Pick<TracePrompt, "output" | "endToken" | "target" | "draft">;

/** Nodes of both tries whose rows are wanted. */
export interface WantedRows {
  readonly target: ReadonlySet<number>;
  readonly draft: ReadonlySet<number>;
}

/** What drafters ask for beside the output; called again once that is there. */
export type Propose = (recorded: Recorded) => Promise<WantedRows>;

/** @throws what the models throw; the signal's reason. */
export async function recordPlace(
  { target, draft, isEndToken }: RecordedModels,
  { promptTokens, draftPromptTokens = promptTokens }: GenerationContext,
  maxTokens: number,
  propose: Propose,
  signal: AbortSignal,
): Promise<Recorded> {
  // As a fresh engine reads it: other places' prompts would be kept beside this one.
  for (const model of [target, draft]) await model?.prefill(new Int32Array(0), signal);
  const trie = new RowTrie();
  const recording = new RecordingTarget(target, PATH_TOP);
  recording.open(promptTokens, trie);
  const limits = { maxTokens, isEndToken };
  const observer = { now: () => 0 };
  const greedy = await greedyDecode(recording, promptTokens, limits, observer, signal);
  const output = greedy.tokens;
  const nodes = trie.addPath(output);
  const hasEnded = greedy.finishReason === "endToken";
  const endToken = hasEnded ? trie.row(nodes.at(-1)!)!.tokens[0]! : -1;
  const path = pathOf({ output, endToken });
  if (hasEnded) {
    // An end token that was drafted is verified as any other, and its row read.
    nodes.push(trie.add(nodes.at(-1)!, endToken));
    await recording.prefill(Int32Array.of(...promptTokens, ...output), signal);
    (await recording.evaluateTree(rootOnlyTree(endToken), signal)).argmax(0);
    recording.rewind();
  }
  const draftTrie =
    draft && (await recordDraft(draft, draftPromptTokens, path, isEndToken, signal));
  const recorded = { output, endToken, target: trie, draft: draftTrie };
  await target.prefill(Int32Array.of(...promptTokens, ...path), signal);
  for (let round = 0; round < NUM_ROUNDS; round++) {
    const wanted = await propose(recorded);
    // The draft model's cache still holds the path.
    await readWanted(
      { target, draft },
      { ...recorded, promptTokens, draftPromptTokens },
      wanted,
      signal,
    );
  }
  // What was proposed and never asked for has no row.
  return { ...recorded, target: trie.withRowsOnly(), draft: draftTrie?.withRowsOnly() };
}

/**
 * Reads rows beside the output into both tries.
 * @param models - both hold their prompt and the output.
 * @returns how many it set.
 */
export async function readWanted(
  { target, draft }: Pick<RecordedModels, "target" | "draft">,
  prompt: Recorded & Pick<TracePrompt, "promptTokens" | "draftPromptTokens">,
  wanted: WantedRows,
  signal: AbortSignal,
): Promise<number> {
  const path = pathOf(prompt);
  const read = (
    model: BranchedTarget,
    trie: RowTrie,
    promptTokens: Int32Array,
    rows: ReadonlySet<number>,
  ) => {
    const nodes = trie.addPath(path);
    const own = { trie, promptLength: promptTokens.length, nodes, numTop: OFFSHOOT_TOP };
    return readOffshoots(model, own, rows, signal);
  };
  const numSet = await read(target, prompt.target, prompt.promptTokens, wanted.target);
  if (draft === undefined || prompt.draft === undefined) return numSet;
  return numSet + (await read(draft, prompt.draft, prompt.draftPromptTokens, wanted.draft));
}

/** The draft model's rows along a path, then its chains beside it. */
async function recordDraft(
  draft: BranchedTarget,
  promptTokens: Int32Array,
  path: Int32Array,
  isEndToken: (token: Token) => boolean,
  signal: AbortSignal,
): Promise<RowTrie> {
  const trie = new RowTrie();
  const nodes = trie.addPath(path);
  const recording = new RecordingTarget(draft, PATH_TOP);
  recording.open(promptTokens, trie);
  await recording.prefill(promptTokens.subarray(0, -1), signal);
  const all = Int32Array.of(promptTokens.at(-1)!, ...path);
  const numRows = Math.min(PATH_ROWS, draft.maxNodes);
  for (let start = 0; start < all.length; start += numRows) {
    const [root, ...others] = all.subarray(start, start + numRows);
    const chain = new DraftTreeBuilder(root!);
    for (const [row, token] of others.entries()) chain.add(row, token, { score: 1, source: 0 });
    const logits = await recording.evaluateTree(chain.finish(), signal);
    for (let row = 0; row <= others.length; row++) logits.argmax(row);
    recording.commit({ nodes: Int32Array.from(others.keys(), (row) => row + 1), bonusToken: -1 });
  }
  const recorded = { trie, nodes, promptLength: promptTokens.length, numTop: OFFSHOOT_TOP };
  const limits = {
    maxTokens: CHAIN_TOKENS,
    // Its own choice is followed to the end, however unlikely that gets.
    minSurvival: (start: ChainStart) => (isOwnChoice(recorded, start) ? 0 : MIN_SIDE_PROB),
    isEndToken,
  };
  const starts = chainStarts(recorded, path);
  if (!isEndToken(all.at(-1)!)) starts.push(beyondPath(recorded));
  await followChains(draft, recorded, starts, limits, signal);
  return trie;
}

/** Where the model would leave the path, and where it might. */
function chainStarts({ trie, nodes }: RecordedPath, path: Int32Array): ChainStart[] {
  const starts: ChainStart[] = [];
  path.forEach((taken, from) => {
    const { tokens, logits, logSumExp } = trie.row(nodes[from]!)!;
    tokens.forEach((token, rank) => {
      const prob = Math.exp(logits[rank]! - logSumExp);
      if (token === taken || !(rank === 0 || prob >= MIN_SIDE_PROB)) return;
      starts.push({ from, token, prob });
    });
  });
  return starts;
}

/** The model's own choice after the whole path. */
function beyondPath({ trie, nodes }: RecordedPath): ChainStart {
  const { tokens, logits, logSumExp } = trie.row(nodes.at(-1)!)!;
  return { from: nodes.length - 1, token: tokens[0]!, prob: Math.exp(logits[0]! - logSumExp) };
}

function isOwnChoice({ trie, nodes }: RecordedPath, { from, token }: ChainStart): boolean {
  return trie.row(nodes[from] ?? PROMPT_NODE)?.tokens[0] === token;
}
