/** One request for the suite `suggestions` → its report: prompts from the workspace, the loaded pair, fresh drafters. */
import { setImmediate, setTimeout as sleep } from "node:timers/promises";
import { OthersMeter } from "../../bench/base/busyMeter.ts";
import { flatPace, PacedTarget } from "../../bench/decoders/pacedTarget.ts";
import { drawWordSpots } from "../../bench/spots/benchSpots.ts";
import type { SourceFile, SourceSpot } from "../../bench/spots/sourceSpots.ts";
import type { LearnedStores, SuggestionPrompt } from "../../bench/suggestions/promptSuggestions.ts";
import { measureSuggestions } from "../../bench/suggestions/suggestionsBench.ts";
import { EngineError } from "../../core/base/errors.ts";
import { MeasuredPolicy } from "../../core/budget/measuredPolicy.ts";
import { measurePassCost } from "../../core/budget/measurePassCost.ts";
import { PassCostTable } from "../../core/budget/passCost.ts";
import { decodeRecycling, encodeRecycling } from "../../core/drafters/recyclingSnapshot.ts";
import { RecyclingStore } from "../../core/drafters/recyclingStore.ts";
import type { BranchedTarget } from "../../core/tree/branchedTarget.ts";
import type { DraftSource } from "../../core/tree/draftTree.ts";
import { createDrafters, draftBudget } from "../complete/draftSetup.ts";
import { suggestionRules } from "../complete/suggestionRules.ts";
import { freezeThreads, type ModelPair } from "../models/modelHost.ts";
import type { BenchProgress } from "../protocol/benchMessages.ts";
import type {
  BenchSuggestionsAnswer,
  BenchSuggestionsParams,
} from "../protocol/suggestionMessages.ts";
import { drawSuiteSpots, promptMaker } from "./benchPrompts.ts";
import { sampleCpu, watchOthers } from "./machineFacts.ts";

/** k: suggestions asked for. */
const COUNTS = [3, 8] as const;
/** One prompt warms everything up. */
const NUM_WARMUPS = 1;
/** Time for t(n), in ms. */
const MEASURE_MS = 1000;
/** Of a first suggestion; a branch has them but for the draft model, which has one cache. */
const BRANCH_SOURCES: readonly DraftSource[] = ["suffixMatch", "recycling"];
const FIRST_SOURCES: readonly DraftSource[] = [...BRANCH_SOURCES, "draftModel"];
/** Snapshots stay in this process: there is one tokenizer. */
const TOKENIZER = "";
/** For the n-grams, which are learned anew for each prompt. */
const MAX_NGRAM_CHARS = 400_000;
/** Passes that take longer than such passes mostly do must be few. */
const PACE_MARGIN = 1.1;
const now = () => performance.now();

/**
 * What was finished before an abort is reported.
 * @throws EngineError of the models, `invalidRequest` if the files hold no code; AbortError before a prompt is finished.
 */
export async function benchSuggestions(
  pair: ModelPair,
  params: BenchSuggestionsParams,
  onProgress: (progress: BenchProgress) => void,
  signal: AbortSignal,
): Promise<BenchSuggestionsAnswer> {
  const { workspace, numPrompts, seed, maxTokens, flatRows } = params;
  const { draft, target: model } = pair;
  const tell = (done: number, what: string) =>
    onProgress({ part: "suggestions", done, total: numPrompts, what });
  // What is compared has the same threads from the first pass to the last.
  using _ = freezeThreads(pair);
  tell(0, "watching what others do on the machine");
  const busyShare = await watchOthers(signal);
  tell(0, "measuring what a pass costs");
  const { target, table } = await openTarget(model.target, flatRows, signal);
  const { files } = workspace;
  const spots = drawSuiteSpots("suggestions", files, () =>
    drawWordSpots(files, numPrompts + NUM_WARMUPS, seed),
  );
  const prompts = suggestionPrompts(pair, params, spots);
  const stores = new KeptRecycling(target.vocabSize);
  const { vocabulary } = model.model;
  const utf8 = new TextDecoder();
  const meter = new OthersMeter(sampleCpu);
  const report = await measureSuggestions(
    {
      target,
      ...(draft === undefined ? {} : { draft: draft.target }),
      prompts,
      counts: COUNTS,
      text: {
        pieceOf: (token) => utf8.decode(vocabulary.pieceBytes(token)),
        isEndToken: pair.isEndToken,
      },
      drafters: () => createDrafters(pair, stores, FIRST_SOURCES),
      branchDrafters: () => createDrafters(pair, stores, BRANCH_SOURCES),
      learned: stores,
      ...draftBudget(pair, new MeasuredPolicy(table)),
      passMs: (numRows) => table.ms(numRows),
      workspace: ngramTexts(workspace.files, spots).map((text) => vocabulary.tokenize(text)),
      now,
      onProgress: (done) => {
        meter.end();
        tell(Math.max(0, done - NUM_WARMUPS), "each method in turn");
      },
    },
    signal,
  );
  return {
    ...report,
    origin: workspace.origin,
    seed,
    maxTokens,
    flatRows: flatRows ?? null,
    backend: pair.loaded.backend,
    models: { target: pair.loaded.target.name, draft: pair.loaded.draft?.name ?? null },
    isComplete: report.numPrompts === prompts.length - NUM_WARMUPS && !signal.aborted,
    busyShare,
    othersShares: meter.shares.slice(NUM_WARMUPS),
  };
}

/**
 * The target that is measured, and its t(n): as it is, or flat up to so many rows.
 * @throws EngineError `invalidRequest` for more rows than t(n) was measured for.
 */
async function openTarget(
  model: BranchedTarget,
  flatRows: number | undefined,
  signal: AbortSignal,
): Promise<{ readonly target: BranchedTarget; readonly table: PassCostTable }> {
  const measure = (target: BranchedTarget) =>
    measurePassCost(target, { now, budgetMs: MEASURE_MS }, signal);
  const { points } = await measure(model);
  const table = new PassCostTable(points, model.maxNodes);
  if (flatRows === undefined) return { target: model, table };
  const maxRows = points.at(-1)!.numRows;
  if (flatRows > maxRows) {
    throw new EngineError(
      "invalidRequest",
      `${flatRows} flat rows were asked for; passes were measured up to ${maxRows} rows. Choose at most that.`,
    );
  }
  const pace = flatPace(flatRows, PACE_MARGIN * table.ms(flatRows), { now, wait: waitFor });
  const target = new PacedTarget(model, pace);
  return { target, table: new PassCostTable((await measure(target)).points, model.maxNodes) };
}

/** Timers know whole ms only. */
async function waitFor(ms: number): Promise<void> {
  const end = now() + ms;
  if (ms > 2) await sleep(Math.floor(ms) - 1);
  while (now() < end) await setImmediate();
}

/** The recycling store as of the last first suggestion. */
class KeptRecycling implements LearnedStores {
  recycling: RecyclingStore;
  readonly #vocabSize: number;
  #kept: Uint8Array | undefined;

  constructor(vocabSize: number) {
    this.#vocabSize = vocabSize;
    this.recycling = new RecyclingStore(vocabSize);
  }

  keep(): void {
    this.#kept = encodeRecycling(this.recycling, TOKENIZER);
  }

  restore(): void {
    if (this.#kept === undefined) return;
    const decoded = decodeRecycling(this.#kept, TOKENIZER, this.#vocabSize);
    if (decoded.store === undefined) throw new RangeError(decoded.reason);
    this.recycling = decoded.store;
  }
}

/** With the same ends as completions. */
function suggestionPrompts(
  pair: ModelPair,
  params: BenchSuggestionsParams,
  spots: readonly SourceSpot[],
): SuggestionPrompt[] {
  const promptAt = promptMaker(pair, params.workspace.repoName, params);
  return spots.map((spot) => {
    const context = promptAt(spot);
    const rules = suggestionRules(pair, spot, params.maxTokens, context.promptTokens.length);
    return {
      context,
      hiddenLine: spot.hiddenText.split("\n", 1)[0] ?? "",
      newLimits: () => rules.newLimits(),
      textOf: (suggestion) => rules.textOf(suggestion),
    };
  });
}

/** Texts of which no prompt hides a span, for the n-grams: what is hidden must not be known. */
function ngramTexts(files: readonly SourceFile[], spots: readonly SourceSpot[]): string[] {
  const hidden = new Set(spots.map(({ path }) => path));
  const texts: string[] = [];
  let numChars = 0;
  for (const { path, text } of files) {
    if (hidden.has(path)) continue;
    numChars += text.length;
    if (numChars > MAX_NGRAM_CHARS) break;
    texts.push(text);
  }
  return texts;
}
