/** The settings as one frozen value. Whatever stands in settings.json becomes something valid here, with a warning. */
import * as v from "valibot";
import { GPU_CHOICES } from "../../core/base/backend.ts";
import { finite, mapOf } from "../../core/base/messageSchema.ts";
import { CONTEXT_KINDS, type ContextSwitches } from "../../core/prompt/promptContext.ts";
import { FIRST_LINE_MS } from "../../core/prompt/promptLength.ts";
import { MAX_SUGGESTIONS, SUGGESTION_PROPOSERS } from "../../engine/protocol/suggestionMessages.ts";

export const SECTION = "treeline";

/** As the user types, or only when asked. */
export const SUGGESTION_TRIGGERS = ["automatic", "manual"] as const;
type SuggestionTrigger = (typeof SUGGESTION_TRIGGERS)[number];

/** What the status bar shows: its icon, the name and state with it, and figures once there are enough. */
export const STATUS_CONTENTS = ["icon", "name", "figures"] as const;
export type StatusContent = (typeof STATUS_CONTENTS)[number];

/** Bounds of the numbers; package.json states the same, and a test compares them. */
export const NUMBER_SETTINGS = {
  "model.contextSize": { default: 4_096, minimum: 512, maximum: 131_072 },
  "model.unloadAfter": { default: 30, minimum: 0, maximum: 1_440 },
  "prompt.firstLine": { default: FIRST_LINE_MS, minimum: 0, maximum: 60_000 },
  "speculation.maxLoss": { default: 3, minimum: 1, maximum: 100 },
  "suggestion.maxTokens": { default: 64, minimum: 1, maximum: 512 },
  // Of 216 places that the 0.5B was measured at, 95 % of the right lines are above 16; with the 1.5B, of 112, 96 % above 25.
  "suggestion.minConfidence": { default: 15, minimum: 0, maximum: 100 },
  "suggestion.count": { default: 3, minimum: 1, maximum: MAX_SUGGESTIONS },
} as const;

export const DEFAULT_CONTEXT: Required<ContextSwitches> = {
  ...{ imports: false, tabs: false, similar: false, edits: false },
};

type Flags = Readonly<Record<string, boolean>>;

export const DEFAULT_LANGUAGES: Flags = {
  "*": true,
  plaintext: false,
  markdown: false,
};

const flagMap = mapOf(v.boolean());
const contextMap = v.pipe(
  flagMap,
  v.check((flags) => Object.keys(flags).every((name) => Object.hasOwn(DEFAULT_CONTEXT, name))),
);

/**
 * Reads every setting; what cannot be used is replaced by the default.
 * @param read - a value of a setting, by its name below `treeline.`; undefined if it is not set.
 * @param homeFolder - what a leading `~` stands for.
 * @param warn - called with one sentence per setting that was replaced.
 */
export function readConfig(
  read: (name: string) => unknown,
  homeFolder: string,
  warn: (message: string) => void,
) {
  const warnOf = (name: string, expected: string, used: unknown) =>
    warn(
      `${SECTION}.${name} is ${JSON.stringify(read(name))}, expected ${expected}; ` +
        `${JSON.stringify(used)} is used.`,
    );
  const settingOrWarn = <T>(
    name: string,
    schema: v.GenericSchema<unknown, T>,
    expected: string,
    fallback: T,
  ): T => {
    const { success, output } = v.safeParse(schema, read(name) ?? fallback);
    if (success) return output;
    warnOf(name, expected, fallback);
    return fallback;
  };
  const number = (name: keyof typeof NUMBER_SETTINGS): number => {
    const { default: fallback, minimum, maximum } = NUMBER_SETTINGS[name];
    const value = settingOrWarn<number>(name, finite, "a number", fallback);
    const used = Math.min(maximum, Math.max(minimum, Math.round(value)));
    if (used !== value) warnOf(name, `a whole number from ${minimum} to ${maximum}`, used);
    return used;
  };
  const path = (name: string): string | undefined => {
    const trimmed = settingOrWarn(name, v.string(), "a path", "").trim();
    return trimmed === "" ? undefined : trimmed.replace(/^~(?=[/\\]|$)/, () => homeFolder);
  };
  const flag = (name: string, fallback: boolean) =>
    settingOrWarn(name, v.boolean(), "true or false", fallback);
  const choice = <T extends string>(name: string, choices: readonly T[], fallback: T): T =>
    settingOrWarn<T>(name, v.picklist(choices), `one of ${choices.join(", ")}`, fallback);
  const flags = (
    name: string,
    schema: v.GenericSchema<unknown, Flags>,
    by: string,
    fallback: Flags,
  ) => settingOrWarn(name, schema, `an object of true and false by ${by}`, fallback);
  return Object.freeze({
    /** False: no suggestions anywhere, and no models in memory. */
    enabled: flag("suggestion.enabled", true),
    /** By language id; `"*"` stands for all that are not named. */
    languages: Object.freeze(flags("suggestion.languages", flagMap, "language", DEFAULT_LANGUAGES)),
    /** When suggestions come. A window that the user paused has `paused`; no setting says so. */
    trigger: choice<SuggestionTrigger | "paused">(
      "suggestion.trigger",
      SUGGESTION_TRIGGERS,
      "automatic",
    ),
    /** Path of the target model, or name of an installed one; undefined means the bundled pair. */
    targetPath: path("model.target"),
    /** Path or name of the draft model; undefined means none, or the bundled one beside the bundled target. */
    draftPath: path("model.draft"),
    /** Where installed models lie; undefined for the user's folder of the platform. */
    modelFolder: path("model.folder"),
    /** A mirror of the model hub; undefined for the hub itself. */
    hubAddress: path("model.hub"),
    /** Whether nothing is asked of a hub, whoever asks. */
    isOffline: flag("model.offline", false),
    /** Entries beside the catalogue's; checked where they are used. */
    ownModels: settingOrWarn("model.own", v.array(v.unknown()), "a list of entries", []),
    gpu: choice("model.gpu", GPU_CHOICES, "auto"),
    /** Tokens. */
    contextSize: number("model.contextSize"),
    /** Output tokens of a suggestion at most. */
    maxTokens: number("suggestion.maxTokens"),
    /** Suggestions at a place, the first included. */
    numSuggestions: number("suggestion.count"),
    /** How sure a model must be of a line that nobody asked for, in percent. */
    minConfidencePercent: number("suggestion.minConfidence"),
    /** Who proposes those beside the first. */
    suggestionMethod: choice("suggestion.method", SUGGESTION_PROPOSERS, "branches"),
    speculation: flag("speculation.enabled", true),
    /** What speculation may cost, in percent of plain decoding's time. */
    maxLossPercent: number("speculation.maxLoss"),
    /** Whether the workspace's files are read, for drafts and for prompts. */
    index: flag("index.enabled", true),
    /** When the first line should be there, in ms; 0: however long reading the whole prompt takes. */
    firstLineMs: number("prompt.firstLine"),
    /** What of other files prompts have. */
    context: Object.freeze<ContextSwitches>({
      ...DEFAULT_CONTEXT,
      ...flags("prompt.context", contextMap, CONTEXT_KINDS.join(", "), DEFAULT_CONTEXT),
    }),
    /** Whether the bundled demonstration model suggests unasked. */
    demonstration: flag("suggestion.demonstration", false),
    statusContent: choice("statusBar.content", STATUS_CONTENTS, "figures"),
    /** After how long without a question the models leave memory, in minutes; 0: never. */
    unloadAfterMinutes: number("model.unloadAfter"),
  });
}

export type Config = ReturnType<typeof readConfig>;

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

export function hasContext(context: ContextSwitches): boolean {
  return CONTEXT_KINDS.some((kind) => context[kind] === true);
}

const LOADED_BY = ["targetPath", "draftPath", "modelFolder", "gpu", "contextSize"] as const;

/** Whether the engine must load models anew to go from one to the other. */
export function needsReload(before: Config, after: Config): boolean {
  return LOADED_BY.some((name) => before[name] !== after[name]);
}
