/**
 * What a draft model of another vocabulary would be worth: how often its greedy text, read left to right, begins with the token that
 * the recorded target chose, beside the recorded draft model, and what a token of it may cost.
 * @see Ramakrishnan et al., OmniDraft (arXiv 2507.02659); universal assisted generation drafts by text, too.
 */

import { median } from "../../../src/bench/base/statistics.ts";
import { ROOT, rootOnlyTree } from "../../../src/core/tree/draftTree.ts";
import { openModel } from "../../../src/llama/model/llamaModel.ts";
import type { Vocabulary } from "../../../src/llama/model/vocabulary.ts";
import { loadLlamaLibrary } from "../../../src/llama/native/llamaLibrary.ts";
import { countThreads } from "../../../src/llama/native/threads.ts";
import { openContext } from "../../../src/llama/target/llamaContext.ts";
import { LlamaTarget } from "../../../src/llama/target/llamaTarget.ts";
import { PartPace } from "../../../src/llama/target/promptParts.ts";
import { costTable, recordedCosts } from "../replay/replayCosts.ts";
import { PROMPT_NODE } from "../trace/rowTrie.ts";
import type { Trace, TracePrompt } from "../trace/trace.ts";

/** Tokens before the cursor that it reads, in the target's: as many as the draft model's own prompt has (RAPID's lossless half). */
const CONTEXT_TOKENS = 128;
const CONTEXT_SIZE = 2048;
/** Own tokens for one of the target's at most. */
const MAX_PASSES = 8;
/** Tokens of a chain at most. */
const MAX_CHAIN = 16;

/** @param vocabularyPath - a model with the target's vocabulary. @throws EngineError where a model cannot be loaded. */
export async function measureForeignDraft(
  prompts: readonly TracePrompt[],
  vocabularyPath: string,
  draftPath: string,
  signal: AbortSignal,
) {
  const library = await loadLlamaLibrary("off");
  const threads = await countThreads(library.nodeLlama.cpuMathCores);
  const options = { gpuLayers: 0, onProgress() {} };
  using known = await openModel(library, vocabularyPath, options, signal);
  using model = await openModel(library, draftPath, options, signal);
  const context = await openContext(model, {
    contextSize: Math.min(CONTEXT_SIZE, model.trainedContext),
    threads,
    backend: "cpu",
  });
  using draft = new LlamaTarget(context, new PartPace(true));
  const times: number[] = [];
  let numTokens = 0;
  let numAgreed = 0;
  let numRecorded = 0;
  for (const { prefixTokens, output, draft: recorded } of prompts) {
    const before = known.vocabulary.detokenize(prefixTokens.subarray(-CONTEXT_TOKENS));
    let node = PROMPT_NODE;
    for (const [index, wanted] of output.entries()) {
      const text = before + known.vocabulary.detokenize(output.subarray(0, index));
      const bytes = known.vocabulary.pieceBytes(wanted);
      if (await agrees(draft, model.vocabulary, text, bytes, times, signal)) numAgreed++;
      if (recorded?.row(node)?.tokens[0] === wanted) numRecorded++;
      node = recorded?.child(node, wanted) ?? -1;
      numTokens++;
    }
  }
  return {
    numPlaces: prompts.length,
    numTokens,
    /** Share of the target's tokens that it would have drafted, and that the recorded draft model would have; 0 … 1. */
    agreement: numAgreed / numTokens,
    recordedAgreement: numRecorded / numTokens,
    /** Passes of its own for a token of the target's. */
    passesPerToken: times.length / numTokens,
    /** Of a pass of one row, here and now, in ms. */
    passMs: median(times),
  };
}

/** Whether the model's greedy text after `text` begins with these bytes. Its passes of one row are timed. */
async function agrees(
  draft: LlamaTarget,
  vocabulary: Vocabulary,
  text: string,
  wanted: Uint8Array,
  times: number[],
  signal: AbortSignal,
): Promise<boolean> {
  const tokens = vocabulary.tokenize(text);
  await draft.prefill(tokens.subarray(0, -1), signal);
  let root = tokens.at(-1) ?? 0;
  try {
    for (let numBytes = 0, pass = 0; pass < MAX_PASSES; pass++) {
      const start = performance.now();
      const logits = await draft.evaluateTree(rootOnlyTree(root), signal);
      const next = logits.argmax(ROOT);
      times.push(performance.now() - start);
      draft.commit({ nodes: new Int32Array(0), bonusToken: next });
      for (const byte of vocabulary.pieceBytes(next)) {
        if (numBytes === wanted.length) return true;
        if (byte !== wanted[numBytes++]) return false;
      }
      if (numBytes === wanted.length) return true;
      if (vocabulary.isEndToken(next)) return false;
      root = next;
    }
    return false;
  } finally {
    draft.rewind();
  }
}

/**
 * What a token of a draft may cost at most, as a share of the target's pass, to be as fast as `speed` times plain decoding with chains of
 * the best length, at the recorded cost of passes.
 * @param agreement - of each token behind agreed ones.
 */
export function payingShare(
  { header }: Pick<Trace, "header">,
  agreement: number,
  speed: number,
): number {
  const table = costTable(recordedCosts(header).target, MAX_CHAIN + 1);
  const shares = Array.from({ length: MAX_CHAIN }, (_, index) => {
    const length = index + 1;
    const tokens = (1 - agreement ** (length + 1)) / (1 - agreement);
    return (tokens / speed - table.ms(length + 1) / table.ms(1)) / length;
  });
  return Math.max(0, ...shares);
}
