/**
 * The suite `accuracy`: what stood at places of real files is hidden and asked for, one completion each, as an editor asks.
 * The engine knows nothing of it, so the answers are those that a user gets.
 */
import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import {
  type AccuracyReport,
  accuracyReport,
  type ComparedRun,
  comparedName,
  formatAccuracyReport,
} from "../../bench/accuracy/accuracyReport.ts";
import {
  type Parses,
  type PlaceResult,
  placeFacts,
  placeKey,
  rawTextOf,
} from "../../bench/accuracy/placeResult.ts";
import type { PromptArm } from "../../bench/accuracy/promptArms.ts";
import type { StopSpot } from "../../bench/spots/stopSpots.ts";
import { messageOf } from "../../core/base/errors.ts";
import { CONTEXT_KINDS } from "../../core/prompt/promptContext.ts";
import type { BenchSources } from "../../engine/protocol/benchMessages.ts";
import { CliError } from "../base/cliError.ts";
import { type AskedPrompt, askedPrompt } from "./accuracyPrompt.ts";
import type { BenchSuite, SuiteSurroundings } from "./benchSuite.ts";
import { ParseCheck } from "./parseCheck.ts";
import { drawPlaces, placeProgress } from "./placeRun.ts";
import { ResumeFile, resumePath } from "./resumeFile.ts";

const DEFAULT_PLACES = 60;
/** As an editor's completion has by default. */
const MAX_TOKENS = 64;
const DEFAULT_SUGGESTIONS = 3;

/** A place, and what asking it needs. */
interface Question {
  readonly spot: StopSpot;
  readonly sources: BenchSources;
  readonly maxTokens: number;
  readonly numSuggestions: number;
  readonly prompt: AskedPrompt;
  readonly arm: PromptArm;
  /** The cache may hold the prompts of the arms before, and nothing else. */
  readonly isFirst: boolean;
}

interface ArmPlaces {
  readonly name: string;
  readonly places: PlaceResult[];
}

export const accuracySuite: BenchSuite<AccuracyReport> = {
  async measure(surroundings, signal) {
    const { options, context, session } = surroundings;
    const { seed } = options;
    const { models } = session;
    const maxTokens = options.maxTokens ?? MAX_TOKENS;
    const numSuggestions = options.suggestions ?? DEFAULT_SUGGESTIONS;
    const numPlaces = options.prompts ?? DEFAULT_PLACES;
    const compared = await comparedRun(options.compare, context.workingFolder);
    const { sources, spots } = await drawPlaces(surroundings, numPlaces, signal);
    const prompt = await askedPrompt(surroundings, signal);
    const { arms } = prompt;
    const numArms = arms.length;
    const run = {
      target: models.target.name,
      draft: models.draft?.name ?? null,
      backend: models.backend,
      origin: sources.origin,
      seed,
      maxTokens,
      numSuggestions,
      prompt: [arms[0]!.name, ...prompt.words].join(", "),
    };
    const file = await ResumeFile.open<PlaceResult>(resumePath(surroundings), {
      what: "accuracy",
      ...run,
      targetBytes: models.target.fileBytes,
      draftBytes: models.draft?.fileBytes ?? null,
      ...(numArms === 1
        ? {}
        : {
            arms: arms.map(({ name }) => name).join(),
            context: options.context ?? "none",
            contextTokens: options.contextTokens ?? null,
            promptTokens: options.promptTokens ?? null,
          }),
    });
    const tellDone = placeProgress("accuracy", spots, context.terminal);
    const check = new ParseCheck(context);
    const answers = arms.map(({ name }) => ({ name, places: [] as PlaceResult[] }));
    const [{ places }, ...others] = answers as [ArmPlaces, ...ArmPlaces[]];
    try {
      for (const spot of spots) {
        const key = placeKey(spot);
        let isKnown = true;
        for (const [index, arm] of arms.entries()) {
          const isFirst = index === 0;
          const ownKey = isFirst ? key : `${key} ${arm.name}`;
          const known = file.done.get(ownKey);
          const question = { spot, sources, maxTokens, numSuggestions, prompt, arm, isFirst };
          const result = known ?? (await answerAt(question, surroundings, check, signal));
          if (known === undefined) await file.add({ ...result, key: ownKey });
          answers[index]!.places.push({ ...result, key });
          isKnown &&= known !== undefined;
        }
        tellDone(isKnown);
      }
    } catch (error) {
      // What was measured before Ctrl+C is reported, unless it is nothing; the command ends as interrupted all the same.
      if (!signal.aborted || places.length === 0) throw error;
    }
    const notes = answers
      .filter((answered, index) => arms[index]!.hasContext && hasNoContext(answered.places))
      .map(
        ({ name }) =>
          `No prompt of ${name} had text of other files: none was found, it was too much for the prompt's length, ` +
          "or the model was not trained with any.",
      );
    const parsers: Record<string, string> = {};
    for (const { language } of places) {
      parsers[language] ??= await check.parserOf(language, new AbortController().signal);
    }
    return accuracyReport(
      places,
      { ...run, numWanted: numPlaces, parsers, notes },
      compared,
      others,
    );
  },
  format: formatAccuracyReport,
};

/** Of places that were asked, if any. */
function hasNoContext(places: readonly PlaceResult[]): boolean {
  const isWithout = ({ shares }: PlaceResult) =>
    shares === undefined || CONTEXT_KINDS.every((kind) => shares[kind] === 0);
  return places.length > 0 && places.every(isWithout);
}

async function answerAt(
  { spot, sources, maxTokens, numSuggestions, prompt, arm, isFirst }: Question,
  { session: { client, models } }: SuiteSurroundings,
  check: ParseCheck,
  signal: AbortSignal,
): Promise<PlaceResult> {
  const { prefixText, suffixText, hiddenText, path, language } = spot;
  const { repoName } = sources;
  const documentPath = prompt.documentPath(path);
  const request = {
    prefixText,
    suffixText,
    filePath: path,
    ...(repoName === undefined ? {} : { repoName }),
    ...prompt.optionsOf(arm),
    ...(documentPath === undefined ? {} : { documentPath }),
    languageId: language,
    maxTokens,
  };
  const { keepsTokens, shares } = await client.promptOf(
    { ...request, nextText: hiddenText },
    signal,
  );
  const result = await client.complete(
    // From empty caches: what is judged here must not depend on the places before.
    { ...request, sources: prompt.sources(models), numSuggestions, reusesPrompt: !isFirst },
    () => {},
    signal,
  );
  const { text: offeredText, rejection, suggestions = [], timings } = result;
  const rawText = rawTextOf(result.pieces, spot);
  const parses = (middle: string): Promise<Parses> =>
    check.parses(language, path, prefixText + middle + suffixText, signal);
  const [original, without, offered, raw] = await Promise.all([
    parses(hiddenText),
    parses(""),
    parses(offeredText),
    parses(rawText),
  ]);
  const { othersMs = 0 } = timings;
  return {
    ...placeFacts(spot),
    ...{ keepsTokens, shares, rawText },
    offeredText,
    rejection: rejection ?? null,
    otherTexts: suggestions.slice(1).map(({ text }) => text),
    finishReason: result.finishReason,
    numTokens: result.tokens.length,
    pieces: result.pieces,
    logProbs: Array.from(result.logProbs, (logProb) => Number(logProb.toFixed(3))),
    firstMs: timings.totalMs - othersMs,
    prefillMs: timings.prefillMs,
    othersMs,
    parses: { original, without, offered, raw },
  };
}

/** An earlier report of the suite. @throws CliError if it is none. */
async function comparedRun(
  path: string | undefined,
  workingFolder: string,
): Promise<ComparedRun | undefined> {
  if (path === undefined) return undefined;
  const expected = `Expected a report of --suite accuracy, written with --json, in ${path}`;
  let report: Partial<AccuracyReport>;
  try {
    report = JSON.parse(await readFile(resolve(workingFolder, path), "utf8"));
  } catch (error) {
    throw new CliError(`${expected}: ${messageOf(error)}.`);
  }
  const { suite, target, prompt = "cursor", places } = report;
  if (suite === "accuracy" && typeof target === "string" && Array.isArray(places)) {
    return { name: comparedName({ target, prompt }), places };
  }
  throw new CliError(`${expected}, found something else.`);
}
