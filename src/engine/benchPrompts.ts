/** The prompts of a benchmark's suites, made as completions make theirs. */
import type { SpeedSuiteName } from "../bench/benchConfigNames.ts";
import type { BenchPrompt } from "../bench/benchRunner.ts";
import { drawDistinctSpots, LineCounts } from "../bench/benchSpots.ts";
import type { SourceFile, SourceSpot } from "../bench/sourceSpots.ts";
import { EngineError } from "../core/errors.ts";
import { PromptTokens } from "../llama/promptTokens.ts";
import type { BenchWorkspace } from "./benchWorkspace.ts";
import { buildCompletionPrompt } from "./completionPrompt.ts";
import type { ModelPair } from "./modelHost.ts";
import type { BenchParams, BenchSources } from "./protocol.ts";

/** Spots drawn for each prompt wanted, as many outputs loop or are too short. */
const OVERDRAW = 12;

/**
 * Prompts of a suite in the order of the draw, made one by one.
 * @throws EngineError `invalidRequest` if its files hold no line of code.
 */
export function* suitePrompts(
  pair: ModelPair,
  params: BenchParams,
  suite: SpeedSuiteName,
  numWanted: number,
  index: BenchWorkspace,
): Generator<BenchPrompt> {
  const { workspace, maxTokens, maxPromptTokens, seed } = params;
  const { files, repoName } = suiteSources(params, suite);
  const lines = new LineCounts(workspace.files);
  const promptTokens = new PromptTokens(pair.target.model);
  const draw = () => drawDistinctSpots(files, numWanted * OVERDRAW, seed);
  for (const spot of drawSuiteSpots(suite, files, draw)) {
    const { prefixText, suffixText, path } = spot;
    const request = {
      prefixText,
      suffixText,
      filePath: path,
      ...(repoName === undefined ? {} : { repoName }),
      maxTokens,
    };
    const context = buildCompletionPrompt(pair, promptTokens, request, maxPromptTokens);
    index.note(context, spot);
    yield {
      context,
      // Where the output is forced, it is not what stood there.
      hidden: suite === "unpredictable" ? { numLines: 0, numVerbatim: 0 } : lines.hiddenLines(spot),
    };
  }
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
