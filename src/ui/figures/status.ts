/** The state of Treeline in one value, and how the status bar says it. No state of VS Code here, only its translations. */
import { l10n } from "vscode";
import { byteText } from "../../core/base/byteText.ts";
import { labelText, markdownText } from "../../core/base/foreignText.ts";
import type { LoadedModels } from "../../engine/protocol/protocol.ts";
import type { WorkspaceStatus } from "../../engine/protocol/workspaceMessages.ts";
import type { AskedReason, StatusContent } from "../base/config.ts";
import type { Figures } from "./counters.ts";
import { formatCount, formatPercent } from "./formats.ts";
import { figureLines } from "./statusFigures.ts";

/**
 * `off`: switched off by the user. `failed`: nothing works until the user changes something. `recovering`: the engine
 * died and starts again with the next suggestion. `asleep`: ended as nobody asked for long; the next question wakes it.
 */
export type Phase =
  | "off"
  | "starting"
  | "loading"
  | "ready"
  | "working"
  | "asleep"
  | "recovering"
  | "failed";

export interface EngineStatus {
  readonly phase: Phase;
  /** How far, or what went wrong. */
  readonly detail?: string | undefined;
  /** Of the phase `failed`: whether other model files would help, or another start of the engine may. */
  readonly failure?: "models" | "engine" | undefined;
  readonly models?: LoadedModels | undefined;
  /** Bytes of models that another window holds as well; 0 if none does. */
  readonly alsoLoadedBytes: number;
}

export interface StatusState extends EngineStatus {
  readonly content: StatusContent;
  /** The name of the active editor's language, if suggestions are switched off for it. */
  readonly languageOff?: string | undefined;
  readonly askedReason?: AskedReason | undefined;
  readonly today: Figures;
  /** Of the newest days that have suggestions enough to say something; absent until there are. */
  readonly recent?: Figures | undefined;
  /** How soon a first line is shown, in ms: the median of the last ones. */
  readonly firstLineMs?: number | undefined;
  /** Of the workspace's files; absent where none are read. */
  readonly index?: WorkspaceStatus | undefined;
}

/** How a state is said: with the name in the bar, and as a sentence's end in the tooltip. */
interface StateWords {
  readonly icon: string;
  /** Empty for the usual state. */
  readonly short: string;
  readonly long: string;
}

const SPINNER = "$(loading~spin)";
const OFF = "$(circle-slash)";
const USUAL = "$(list-tree)";

const ASKED_WORDS: Readonly<Record<AskedReason, StateWords>> = {
  paused: {
    icon: "$(debug-pause)",
    short: l10n.t("paused"),
    long: l10n.t("paused in this window: suggests only when asked"),
  },
  manual: {
    icon: USUAL,
    short: l10n.t("when asked"),
    long: l10n.t("ready; suggests only when asked, as the settings say"),
  },
  demonstration: {
    icon: USUAL,
    short: l10n.t("demonstration"),
    long: l10n.t("ready; the demonstration model suggests only when asked"),
  },
};

const PHASE_WORDS: Readonly<Record<Phase, StateWords>> = {
  off: { icon: OFF, short: l10n.t("off"), long: l10n.t("off") },
  starting: { icon: SPINNER, short: l10n.t("starting"), long: l10n.t("starting the engine") },
  loading: { icon: SPINNER, short: l10n.t("loading"), long: l10n.t("loading models") },
  ready: { icon: USUAL, short: "", long: l10n.t("ready") },
  working: { icon: SPINNER, short: "", long: l10n.t("completing") },
  asleep: {
    icon: "$(coffee)",
    short: l10n.t("asleep"),
    long: l10n.t("asleep: the models left memory, and come back with the next suggestion"),
  },
  recovering: {
    icon: "$(warning)",
    short: l10n.t("restarting"),
    long: l10n.t("the engine stopped; it starts again with the next suggestion"),
  },
  failed: { icon: "$(error)", short: l10n.t("not working"), long: l10n.t("not working") },
};

/** Commands that the tooltip links to. */
export const TOOLTIP_COMMANDS = [
  "treeline.setUpModels",
  "treeline.togglePause",
  "treeline.toggleLanguage",
  "treeline.explainNoSuggestion",
  "treeline.showStatistics",
  "treeline.showLog",
];

export function renderStatus(state: StatusState) {
  const { phase, content, recent } = state;
  const { icon, short, long } = wordsOf(state);
  const isUsual = short === "";
  const named = isUsual ? `${icon} Treeline` : `${icon} Treeline: ${short}`;
  const figures =
    content === "figures" && recent !== undefined && isUsual ? shortFigures(recent) : [];
  return {
    text: content === "icon" ? icon : [named, ...figures.map(({ bar }) => bar)].join(" "),
    /** Markdown. */
    tooltip: tooltip(state, long),
    color: phase === "failed" ? "error" : phase === "recovering" ? "warning" : "none",
    /** What a screen reader says. */
    label: [`Treeline: ${labelText(long)}`, ...figures.map(({ spoken }) => spoken)].join(". "),
  };
}

function wordsOf({ phase, languageOff, askedReason }: StatusState): StateWords {
  const isIdle = phase === "ready" || phase === "asleep";
  if ((isIdle || phase === "working") && languageOff !== undefined) {
    return { icon: OFF, short: l10n.t("off here"), long: l10n.t("off for {0}", languageOff) };
  }
  return isIdle && askedReason !== undefined ? ASKED_WORDS[askedReason] : PHASE_WORDS[phase];
}

/** In the bar, and as a screen reader says them. */
function shortFigures({ acceptance, tokensPerPass }: Figures): { bar: string; spoken: string }[] {
  const figures: { bar: string; spoken: string }[] = [];
  if (acceptance !== undefined) {
    const percent = Math.round(acceptance * 100);
    const spoken = l10n.t("You took {0} percent of the suggestions shown of late", percent);
    figures.push({ bar: formatPercent(acceptance), spoken });
  }
  if (tokensPerPass !== undefined) {
    const tokens = tokensPerPass.toFixed(1);
    const spoken = l10n.t("{0} tokens per pass of the model", tokens);
    figures.push({ bar: l10n.t("{0}/pass", tokens), spoken });
  }
  return figures;
}

function tooltip(state: StatusState, words: string): string {
  const { detail, models, index, alsoLoadedBytes } = state;
  const head = [`**Treeline** – ${markdownText(words)}`];
  if (detail !== undefined) head.push(markdownText(detail));
  if (models !== undefined) head.push(...modelLines(models));
  if (index !== undefined && index.phase !== "off") head.push(indexLine(index));
  if (alsoLoadedBytes > 0) {
    const size = byteText(alsoLoadedBytes);
    const also = l10n.t("Also loaded in another window: {0} more in memory.", size);
    head.push(`$(info) ${also}`);
  }
  const sections = [head, figureLines(state), [linkLine(state)]];
  return sections
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join("\n\n"))
    .join("\n\n---\n\n");
}

function modelLines({ target, draft, backend, notices }: LoadedModels): string[] {
  const size = byteText(target.fileBytes + (draft?.fileBytes ?? 0));
  const line =
    draft === undefined
      ? l10n.t("Model: {0} ({1}) on {2}", target.name, size, backend)
      : l10n.t(
          "Model: {0}, with {1} to draft ({2}) on {3}",
          target.name,
          draft.name,
          size,
          backend,
        );
  return [markdownText(line), ...notices.map((notice) => `$(info) ${markdownText(notice)}`)];
}

function indexLine({ phase, numFiles, numTokens, numWaiting }: WorkspaceStatus): string {
  const files = numFiles === 1 ? l10n.t("1 file") : l10n.t("{0} files", formatCount(numFiles));
  const tokens = formatCount(numTokens);
  if (phase === "ready") return l10n.t("Workspace index: {0}, {1} tokens", files, tokens);
  const left = formatCount(numWaiting);
  return numWaiting === 0
    ? l10n.t("Indexing the workspace: {0}, {1} tokens", files, tokens)
    : l10n.t("Indexing the workspace: {0}, {1} tokens, {2} to go", files, tokens, left);
}

function linkLine({ askedReason, languageOff }: StatusState): string {
  const link = (text: string, command: string) => `[${text}](command:${command})`;
  return [
    ...(askedReason === "demonstration"
      ? [link(l10n.t("Choose a model"), "treeline.setUpModels")]
      : []),
    ...(languageOff === undefined
      ? []
      : [link(l10n.t("Turn on for this language"), "treeline.toggleLanguage")]),
    ...(askedReason === "paused" ? [link(l10n.t("Resume"), "treeline.togglePause")] : []),
    link(l10n.t("Why no suggestion?"), "treeline.explainNoSuggestion"),
    link(l10n.t("Statistics"), "treeline.showStatistics"),
    link(l10n.t("Log"), "treeline.showLog"),
  ].join(" · ");
}
