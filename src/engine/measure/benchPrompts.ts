/** The prompts of a benchmark's suites, made as completions make theirs. */
import type { SpeedSuiteName } from "../../bench/base/benchConfigNames.ts";
import type { BenchPrompt } from "../../bench/speed/benchRunner.ts";
import { drawDistinctSpots, LineCounts } from "../../bench/spots/benchSpots.ts";
import type { SourceFile, SourceSpot } from "../../bench/spots/sourceSpots.ts";
import { EngineError } from "../../core/base/errors.ts";
import { PromptTokens } from "../../llama/text/promptTokens.ts";
import type { ModelPair } from "../models/modelHost.ts";
import { buildCompletionPrompt } from "../prompt/completionPrompt.ts";
import type { BenchParams, BenchSources } from "../protocol/benchMessages.ts";
import type { BenchWorkspace } from "./benchWorkspace.ts";

/** Spots drawn: more than there will be time for. */
const MAX_SPOTS = 2_000;

/**
 * Where the prompts of a suite are drawn, in the order of the draw.
 * @throws EngineError `invalidRequest` if its files hold no line of code.
 */
export function suiteSpots(params: BenchParams, suite: SpeedSuiteName): SourceSpot[] {
  const { files } = suiteSources(params, suite);
  return drawSuiteSpots(suite, files, () => drawDistinctSpots(files, MAX_SPOTS, params.seed));
}

/** The prompts of these spots, made one by one. */
export function* suitePrompts(
  pair: ModelPair,
  params: BenchParams,
  suite: SpeedSuiteName,
  spots: readonly SourceSpot[],
  index: BenchWorkspace,
): Generator<BenchPrompt> {
  const { workspace } = params;
  const { repoName } = suiteSources(params, suite);
  const lines = new LineCounts(workspace.files);
  const promptAt = promptMaker(pair, repoName, params);
  for (const spot of spots) {
    const context = promptAt(spot);
    index.note(context, spot);
    yield {
      context,
      // Where the output is forced, it is not what stood there.
      hidden: suite === "unpredictable" ? { numLines: 0, numVerbatim: 0 } : lines.hiddenLines(spot),
    };
  }
}

/** Makes the prompts of spots as completions make theirs. */
export function promptMaker(
  pair: ModelPair,
  repoName: string | undefined,
  { maxTokens, maxPromptTokens }: Pick<BenchParams, "maxTokens" | "maxPromptTokens">,
) {
  const promptTokens = new PromptTokens(pair.target.model);
  const facts = { ...(repoName === undefined ? {} : { repoName }), maxTokens };
  return ({ prefixText, suffixText, path }: SourceSpot) => {
    const request = { prefixText, suffixText, filePath: path, ...facts };
    return buildCompletionPrompt(pair, promptTokens, request, maxPromptTokens);
  };
}

/** @throws EngineError `invalidRequest` where the draw finds no line of code. */
export function drawSuiteSpots(
  suite: string,
  files: readonly SourceFile[],
  draw: () => SourceSpot[],
): SourceSpot[] {
  try {
    return draw();
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new EngineError(
      "invalidRequest",
      `Expected code to hide for the suite ${suite}, found no line of code in ${files.length} files. ` +
        "Choose another folder, or another suite.",
    );
  }
}

/** Scratch code is unlike the workspace, even if that holds the very package. */
function suiteSources({ workspace, foreign }: BenchParams, suite: SpeedSuiteName): BenchSources {
  if (suite !== "scratch") return workspace;
  const known = new Set(workspace.files.map(({ text }) => text));
  return { ...foreign, files: foreign.files.filter(({ text }) => !known.has(text)) };
}
