/** The settings as one frozen value. Whatever stands in settings.json becomes something valid here, with a warning. */
import { GPU_CHOICES, type GpuChoice } from "../../core/base/backend.ts";
import { CONTEXT_KINDS, type ContextSwitches } from "../../core/prompt/promptContext.ts";
import { FIRST_LINE_MS } from "../../core/prompt/promptLength.ts";
import {
  MAX_SUGGESTIONS,
  SUGGESTION_PROPOSERS,
  type SuggestionProposer,
} from "../../engine/protocol/suggestionMessages.ts";

export const SECTION = "treeline";

/** As the user types, or only when asked. */
export const SUGGESTION_TRIGGERS = ["automatic", "manual"] as const;
export type SuggestionTrigger = (typeof SUGGESTION_TRIGGERS)[number];

/** What the status bar shows: its icon, the name and state with it, and figures once there are enough. */
export const STATUS_CONTENTS = ["icon", "name", "figures"] as const;
export type StatusContent = (typeof STATUS_CONTENTS)[number];

export interface Config {
  /** False: no suggestions anywhere, and no models in memory. */
  readonly enabled: boolean;
  /** By language id; `"*"` stands for all that are not named. */
  readonly languages: Readonly<Record<string, boolean>>;
  /** When suggestions come. A window that the user paused has `paused`; no setting says so. */
  readonly trigger: SuggestionTrigger | "paused";
  /** Path of the target model, or name of an installed one; undefined means the bundled pair. */
  readonly targetPath?: string;
  /** Path or name of the draft model; undefined means none, or the bundled one beside the bundled target. */
  readonly draftPath?: string;
  /** Where installed models lie; undefined for the user's folder of the platform. */
  readonly modelFolder?: string;
  /** A mirror of the model hub; undefined for the hub itself. */
  readonly hubAddress?: string;
  /** Whether nothing is asked of a hub, whoever asks. */
  readonly isOffline: boolean;
  /** Entries beside the catalogue's; checked where they are used. */
  readonly ownModels: readonly unknown[];
  readonly gpu: GpuChoice;
  /** Tokens. */
  readonly contextSize: number;
  /** Output tokens of a suggestion at most. */
  readonly maxTokens: number;
  /** Suggestions at a place, the first included. */
  readonly numSuggestions: number;
  /** How sure a model must be of a line that nobody asked for, in percent. */
  readonly minConfidencePercent: number;
  /** Who proposes those beside the first. */
  readonly suggestionMethod: SuggestionProposer;
  readonly speculation: boolean;
  /** What speculation may cost, in percent of plain decoding's time. */
  readonly maxLossPercent: number;
  /** When the first line should be there, in ms; 0: however long reading the whole prompt takes. */
  readonly firstLineMs: number;
  /** What of other files prompts have. */
  readonly context: ContextSwitches;
  /** Whether the workspace's files are read, for drafts and for prompts. */
  readonly index: boolean;
  /** Whether the bundled demonstration model suggests unasked. */
  readonly demonstration: boolean;
  readonly statusContent: StatusContent;
  /** After how long without a question the models leave memory, in minutes; 0: never. */
  readonly unloadAfterMinutes: number;
}

/** A value of a setting, by its name below `treeline.`; undefined if it is not set. */
export type SettingReader = (name: string) => unknown;

/** Bounds of the numbers; package.json states the same, and a test compares them. */
export const NUMBER_SETTINGS = {
  "model.contextSize": { default: 4_096, minimum: 512, maximum: 131_072 },
  "model.unloadAfter": { default: 30, minimum: 0, maximum: 1_440 },
  "prompt.firstLine": { default: FIRST_LINE_MS, minimum: 0, maximum: 60_000 },
  "speculation.maxLoss": { default: 3, minimum: 1, maximum: 100 },
  "suggestion.maxTokens": { default: 64, minimum: 1, maximum: 512 },
  // Of 216 places that the 0.5B was measured at, 95 % of the right lines are above 16.
  "suggestion.minConfidence": { default: 15, minimum: 0, maximum: 100 },
  "suggestion.count": { default: 3, minimum: 1, maximum: MAX_SUGGESTIONS },
} as const;

export const DEFAULT_CONTEXT: Required<ContextSwitches> = {
  ...{ imports: false, tabs: false, similar: false, edits: false },
};

export const DEFAULT_LANGUAGES: Readonly<Record<string, boolean>> = {
  "*": true,
  plaintext: false,
  markdown: false,
};

/**
 * Reads every setting; what cannot be used is replaced by the default.
 * @param homeFolder - what a leading `~` stands for.
 * @param warn - called with one sentence per setting that was replaced.
 */
export function readConfig(
  read: SettingReader,
  homeFolder: string,
  warn: (message: string) => void,
): Config {
  const warnOf = (name: string, expected: string, used: unknown) =>
    warn(
      `${SECTION}.${name} is ${JSON.stringify(read(name))}, expected ${expected}; ` +
        `${JSON.stringify(used)} is used.`,
    );
  const number = (name: keyof typeof NUMBER_SETTINGS): number => {
    const { default: fallback, minimum, maximum } = NUMBER_SETTINGS[name];
    const value = read(name) ?? fallback;
    if (typeof value !== "number" || !Number.isFinite(value)) {
      warnOf(name, "a number", fallback);
      return fallback;
    }
    const used = Math.min(maximum, Math.max(minimum, Math.round(value)));
    if (used !== value) warnOf(name, `a whole number from ${minimum} to ${maximum}`, used);
    return used;
  };
  const path = (name: string): string | undefined => {
    const value = read(name) ?? "";
    if (typeof value !== "string") {
      warnOf(name, "a path", "");
      return undefined;
    }
    const trimmed = value.trim();
    return trimmed === "" ? undefined : trimmed.replace(/^~(?=[/\\]|$)/, () => homeFolder);
  };
  const flag = (name: string, fallback: boolean): boolean => {
    const value = read(name) ?? fallback;
    if (typeof value === "boolean") return value;
    warnOf(name, "true or false", fallback);
    return fallback;
  };
  const choice = <T extends string>(name: string, choices: readonly T[], fallback: T): T => {
    const value = read(name) ?? fallback;
    const chosen = choices.find((each) => each === value);
    if (chosen === undefined) warnOf(name, `one of ${choices.join(", ")}`, fallback);
    return chosen ?? fallback;
  };
  const languages = (): Readonly<Record<string, boolean>> => {
    const value = read("suggestion.languages") ?? DEFAULT_LANGUAGES;
    if (isFlagMap(value)) return Object.freeze({ ...value });
    warnOf("suggestion.languages", "an object of true and false by language", DEFAULT_LANGUAGES);
    return DEFAULT_LANGUAGES;
  };
  const context = (): ContextSwitches => {
    const value = read("prompt.context") ?? DEFAULT_CONTEXT;
    const names: readonly string[] = CONTEXT_KINDS;
    if (isFlagMap(value) && Object.keys(value).every((name) => names.includes(name))) {
      return Object.freeze({ ...DEFAULT_CONTEXT, ...value });
    }
    warnOf("prompt.context", `an object of true and false by ${names.join(", ")}`, DEFAULT_CONTEXT);
    return DEFAULT_CONTEXT;
  };
  const ownModels = (): readonly unknown[] => {
    const value = read("model.own") ?? [];
    if (Array.isArray(value)) return value;
    warnOf("model.own", "a list of entries", []);
    return [];
  };
  const modelFolder = path("model.folder");
  const hubAddress = path("model.hub");
  const targetPath = path("model.target");
  const draftPath = path("model.draft");
  return Object.freeze({
    enabled: flag("suggestion.enabled", true),
    languages: languages(),
    trigger: choice("suggestion.trigger", SUGGESTION_TRIGGERS, "automatic"),
    ...(targetPath === undefined ? {} : { targetPath }),
    ...(draftPath === undefined ? {} : { draftPath }),
    ...(modelFolder === undefined ? {} : { modelFolder }),
    ...(hubAddress === undefined ? {} : { hubAddress }),
    isOffline: flag("model.offline", false),
    ownModels: ownModels(),
    gpu: choice("model.gpu", GPU_CHOICES, "auto"),
    contextSize: number("model.contextSize"),
    maxTokens: number("suggestion.maxTokens"),
    numSuggestions: number("suggestion.count"),
    minConfidencePercent: number("suggestion.minConfidence"),
    suggestionMethod: choice("suggestion.method", SUGGESTION_PROPOSERS, "branches"),
    speculation: flag("speculation.enabled", true),
    maxLossPercent: number("speculation.maxLoss"),
    index: flag("index.enabled", true),
    firstLineMs: number("prompt.firstLine"),
    context: context(),
    demonstration: flag("suggestion.demonstration", false),
    statusContent: choice("statusBar.content", STATUS_CONTENTS, "figures"),
    unloadAfterMinutes: number("model.unloadAfter"),
  });
}

/** Whether suggestions are wanted in a language, as far as languages decide. */
export function isEnabledFor(
  { languages }: Pick<Config, "languages">,
  languageId: string,
): boolean {
  return languages[languageId] ?? languages["*"] ?? true;
}

/** Why suggestions come only when the user asks. */
export type AskedReason = "paused" | "manual" | "demonstration";

/** Undefined where they come as one types. Those of the bundled pair show the machinery and help nobody. */
export function whyOnlyWhenAsked({
  trigger,
  targetPath,
  demonstration,
}: Pick<Config, "trigger" | "targetPath" | "demonstration">): AskedReason | undefined {
  if (trigger !== "automatic") return trigger;
  return targetPath === undefined && !demonstration ? "demonstration" : undefined;
}

/** Whether the workspace is to be indexed: drafts are made from it, and what prompts have of other files. */
export function wantsIndex({ enabled, speculation, index, context }: Config): boolean {
  return enabled && index && (speculation || hasContext(context));
}

/** Whether prompts have anything of other files. */
export function hasContext(context: ContextSwitches): boolean {
  return CONTEXT_KINDS.some((kind) => context[kind] === true);
}

/** Whether questions are asked otherwise, so that earlier answers hold no more. */
export function asksOtherwise(before: Config, after: Config): boolean {
  return (
    before.maxTokens !== after.maxTokens ||
    before.speculation !== after.speculation ||
    before.maxLossPercent !== after.maxLossPercent ||
    before.numSuggestions !== after.numSuggestions ||
    before.minConfidencePercent !== after.minConfidencePercent ||
    before.firstLineMs !== after.firstLineMs ||
    CONTEXT_KINDS.some((kind) => before.context[kind] !== after.context[kind]) ||
    whyOnlyWhenAsked(before) !== whyOnlyWhenAsked(after) ||
    before.suggestionMethod !== after.suggestionMethod
  );
}

/** Whether the engine must load models anew to go from one to the other. */
export function needsReload(before: Config, after: Config): boolean {
  return (
    before.targetPath !== after.targetPath ||
    before.draftPath !== after.draftPath ||
    before.modelFolder !== after.modelFolder ||
    before.gpu !== after.gpu ||
    before.contextSize !== after.contextSize
  );
}

function isFlagMap(value: unknown): value is Record<string, boolean> {
  return (
    typeof value === "object" &&
    value !== null &&
    !Array.isArray(value) &&
    Object.values(value).every((flag) => typeof flag === "boolean")
  );
}
