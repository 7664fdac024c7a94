/**
 * Checks what comes from the other process before anything is done with it. Each throws an EngineError `invalidRequest` that
 * names the field, what was expected and what was found.
 */
import { ALL_CONFIGS, SPEED_SUITES } from "../bench/base/benchConfigNames.ts";
import { EngineError } from "../core/base/errors.ts";
import { isPromptAnchor } from "../core/prompt/promptAnchor.ts";
import { CONTEXT_KINDS, isContextOptions } from "../core/prompt/promptContext.ts";
import type { PromptQuestion } from "./protocol/promptMessages.ts";
import type { BenchParams, CompleteParams, LoadParams } from "./protocol/protocol.ts";
import {
  type BenchSuggestionsParams,
  MAX_SUGGESTIONS,
  SUGGESTION_PROPOSERS,
  type SuggestionsRequest,
} from "./protocol/suggestionMessages.ts";
import type { WarmStartParams } from "./protocol/warmStartMessages.ts";

const COUNT_WORDS = "an integer of at least 1";
const ANCHOR_WORDS = '"cursor", "file", or { linesUp: an integer of at least 0 }';
const CONTEXT_WORDS = `kinds of ${CONTEXT_KINDS.join(", ")} that are true or false, and maxTokens, ${COUNT_WORDS}`;
const SOURCES_WORDS = "sources with files";

export function checkLoadParams(params: LoadParams): void {
  if (typeof params.targetPath !== "string") refuse("targetPath", params.targetPath, "a path");
  for (const field of ["draftPath", "passCostPath"] as const) {
    checkOptional(field, params[field], isText, "a path");
  }
  checkCounts({ contextSize: params.contextSize });
}

export function checkCompleteParams(params: CompleteParams): void {
  checkPrompt(params);
  const { languageId, sources, reusesPrompt, maxDraftNodes } = params;
  checkOptional("languageId", languageId, isText, "text");
  if (!Array.isArray(sources)) refuse("sources", sources, "an array of drafter names");
  checkOptional("reusesPrompt", reusesPrompt, isSwitch, "true or false");
  checkOptional("firstLineMs", params.firstLineMs, isCount, COUNT_WORDS);
  checkOptional("keepsAnchor", params.keepsAnchor, isSwitch, "true or false");
  const isShare = (value: number) => value >= 0 && value <= 1;
  checkOptional("maxLossShare", params.maxLossShare, isShare, "a number from 0 to 1");
  const isNumNodes = (value: number) => Number.isInteger(value) && value >= 0;
  checkOptional("maxDraftNodes", maxDraftNodes, isNumNodes, "an integer of at least 0");
}

export function checkPromptQuestion(question: PromptQuestion): void {
  checkPrompt(question);
  checkText("nextText", question.nextText);
}

/** What completions and questions about their prompts have in common. */
function checkPrompt(params: Omit<PromptQuestion, "nextText">): void {
  checkText("prefixText", params.prefixText);
  checkText("suffixText", params.suffixText);
  checkOptional("documentPath", params.documentPath, isText, "text");
  checkCounts({ maxTokens: params.maxTokens });
  checkOptional("heals", params.heals, isSwitch, "true or false");
  checkOptional("anchor", params.anchor, isPromptAnchor, ANCHOR_WORDS);
  checkOptional("context", params.context, isContextOptions, CONTEXT_WORDS);
  checkOptional("maxPromptTokens", params.maxPromptTokens, isCount, COUNT_WORDS);
  checkOptional("maxSuffixChars", params.maxSuffixChars, isCount, COUNT_WORDS);
}

export function checkSuggestionsRequest(request: SuggestionsRequest): void {
  const { numSuggestions = 1, suggestionMethod = "branches" } = request;
  if (!isCount(numSuggestions) || numSuggestions > MAX_SUGGESTIONS) {
    refuse("numSuggestions", numSuggestions, `an integer from 1 to ${MAX_SUGGESTIONS}`);
  }
  if (!SUGGESTION_PROPOSERS.includes(suggestionMethod)) {
    refuse("suggestionMethod", suggestionMethod, `one of ${SUGGESTION_PROPOSERS.join(", ")}`);
  }
}

export function checkBenchParams(params: BenchParams): void {
  const { suites, configs, workspace, foreign, maxTokens, maxPromptTokens, seed } = params;
  if (!isSubset(suites, SPEED_SUITES) && suites?.length !== 0) {
    refuse("suites", suites, `some of ${SPEED_SUITES.join(", ")}`);
  }
  if (!isSubset(configs, ALL_CONFIGS)) {
    refuse("configs", configs, `some of ${ALL_CONFIGS.join(", ")}`);
  }
  for (const [field, sources] of Object.entries({ workspace, foreign })) {
    if (!Array.isArray(sources?.files)) refuse(field, sources, SOURCES_WORDS);
  }
  checkCounts({ maxTokens, maxPromptTokens, seed });
  checkOptional("flatRows", params.flatRows, isCount, COUNT_WORDS);
  checkOptional("numPrompts", params.numPrompts, isCount, COUNT_WORDS);
  const { budgetMs } = params;
  if (!(Number.isFinite(budgetMs) && budgetMs > 0)) refuse("budgetMs", budgetMs, "a time above 0");
}

export function checkBenchSuggestionsParams(params: BenchSuggestionsParams): void {
  if (!Array.isArray(params.workspace?.files)) refuse("workspace", undefined, SOURCES_WORDS);
  const { numPrompts, maxTokens, maxPromptTokens, seed, flatRows = 1 } = params;
  checkCounts({ numPrompts, maxTokens, maxPromptTokens, seed, flatRows });
}

export function checkWarmStartParams(params: WarmStartParams): void {
  if (!Array.isArray(params.workspace?.files)) refuse("workspace", undefined, SOURCES_WORDS);
  const { numPrompts, maxTokens, seed, flatRows = 1 } = params;
  checkCounts({ numPrompts, maxTokens, seed, flatRows });
}

function refuse(field: string, found: unknown, expected: string): never {
  const words = `${field} is ${JSON.stringify(found)}, expected ${expected}.`;
  throw new EngineError("invalidRequest", words);
}

function checkText(field: string, value: string): void {
  if (!isText(value)) refuse(field, value, "text");
}

function checkCounts(values: Readonly<Record<string, number>>): void {
  for (const [field, value] of Object.entries(values)) {
    if (!isCount(value)) refuse(field, value, COUNT_WORDS);
  }
}

function checkOptional<T>(
  field: string,
  value: T | undefined,
  isSound: (value: T) => boolean,
  expected: string,
): void {
  if (value !== undefined && !isSound(value)) refuse(field, value, expected);
}

function isText(value: unknown): boolean {
  return typeof value === "string";
}

function isSwitch(value: unknown): boolean {
  return typeof value === "boolean";
}

function isCount(value: unknown): boolean {
  return Number.isInteger(value) && (value as number) >= 1;
}

function isSubset(names: readonly string[], known: readonly string[]): boolean {
  return Array.isArray(names) && names.length > 0 && names.every((name) => known.includes(name));
}
