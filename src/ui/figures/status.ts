/** The state of Treeline in one value, and how the status bar says it. Pure: no VS Code here. */
import { SOURCE_NAMES } from "../../bench/base/sourceNames.ts";
import { labelText, markdownText } from "../../core/base/foreignText.ts";
import type { LoadedModels } from "../../engine/protocol/protocol.ts";
import type { WorkspaceStatus } from "../../engine/protocol/workspaceMessages.ts";
import type { Figures } from "./counters.ts";

/**
 * `off`: switched off by the user. `failed`: nothing works until the user changes something. `recovering`: the engine
 * died and starts again with the next suggestion.
 */
export type Phase = "off" | "starting" | "loading" | "ready" | "working" | "recovering" | "failed";

/** What the engine's owner knows. */
export interface EngineStatus {
  readonly phase: Phase;
  /** How far, or what went wrong. */
  readonly detail?: string;
  readonly models?: LoadedModels;
  /** Bytes of models that another window holds as well; 0 if none does. */
  readonly alsoLoadedBytes: number;
}

export interface StatusState extends EngineStatus {
  /** The language of the active editor, if suggestions are switched off for it. */
  readonly languageOff?: string;
  /** Whether the demonstration model waits to be asked. */
  readonly onlyWhenAsked?: boolean;
  readonly today: Figures;
  /** Of the workspace's files; absent where none are read. */
  readonly index?: WorkspaceStatus;
}

export interface StatusView {
  readonly text: string;
  /** Markdown. */
  readonly tooltip: string;
  readonly color: "none" | "error" | "warning";
  /** What a screen reader says. */
  readonly label: string;
}

const ICONS: Readonly<Record<Phase, string>> = {
  off: "$(circle-slash)",
  starting: "$(loading~spin)",
  loading: "$(loading~spin)",
  ready: "$(list-tree)",
  working: "$(loading~spin)",
  recovering: "$(warning)",
  failed: "$(error)",
};

const WORDS: Readonly<Record<Phase, string>> = {
  off: "off",
  starting: "starting the engine",
  loading: "loading models",
  ready: "ready",
  working: "completing",
  recovering: "the engine stopped; it starts again with the next suggestion",
  failed: "not working",
};

/** Commands that the tooltip links to. */
export const TOOLTIP_COMMANDS = [
  "treeline.selectModels",
  "treeline.explainNoSuggestion",
  "treeline.showStatistics",
  "treeline.showLog",
];

export function renderStatus(state: StatusState): StatusView {
  const { phase, languageOff, today } = state;
  const isUp = phase === "ready" || phase === "working";
  const isQuiet = languageOff !== undefined && isUp;
  const asked =
    isUp && state.onlyWhenAsked ? "; the demonstration model suggests only when asked" : "";
  const icon = isQuiet ? ICONS.off : ICONS[phase];
  const figures = phase === "off" || phase === "failed" || isQuiet ? [] : shortFigures(today);
  const words = isQuiet ? `off for ${languageOff}` : WORDS[phase] + asked;
  return {
    text: [`${icon} Treeline`, ...figures].join(" "),
    tooltip: tooltip(state, words),
    color: phase === "failed" ? "error" : phase === "recovering" ? "warning" : "none",
    label: [`Treeline: ${labelText(words)}`, ...spokenFigures(today)].join(". "),
  };
}

/** A count of bytes as people read it. */
export function formatBytes(bytes: number): string {
  const mega = bytes / 1024 ** 2;
  if (mega >= 1024) return `${(mega / 1024).toFixed(1)} GB`;
  return `${mega >= 10 ? mega.toFixed(0) : mega.toFixed(1)} MB`;
}

export function formatPercent(share: number): string {
  return `${Math.round(share * 100)} %`;
}

/** A signed time: what was saved, or what speculation cost. */
export function formatSaved(savedMs: number): string {
  const ms = Math.round(Math.abs(savedMs));
  const time = ms < 10_000 ? `${ms} ms` : `${(ms / 1000).toFixed(1)} s`;
  return savedMs < 0 ? `${time} lost` : `${time} saved`;
}

function shortFigures({ acceptance, tokensPerPass }: Figures): string[] {
  return [
    ...(acceptance === undefined ? [] : [formatPercent(acceptance)]),
    ...(tokensPerPass === undefined ? [] : [`${tokensPerPass.toFixed(1)}/pass`]),
  ];
}

function spokenFigures({ acceptance, tokensPerPass }: Figures): string[] {
  return [
    ...(acceptance === undefined
      ? []
      : [`${Math.round(acceptance * 100)} percent of the suggestions shown today were accepted`]),
    ...(tokensPerPass === undefined ? [] : [`${tokensPerPass.toFixed(1)} tokens per pass`]),
  ];
}

function tooltip(state: StatusState, words: string): string {
  const { detail, models, index, alsoLoadedBytes, today } = state;
  const head = [`**Treeline** – ${markdownText(words)}`];
  if (detail !== undefined) head.push(markdownText(detail));
  if (models !== undefined) head.push(...modelLines(models));
  if (index !== undefined && index.phase !== "off") head.push(indexLine(index));
  if (alsoLoadedBytes > 0) {
    head.push(
      `$(info) Also loaded in another window: ${formatBytes(alsoLoadedBytes)} more in memory.`,
    );
  }
  const sections = [head, figureLines(today), [linkLine(state)]];
  return sections
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join("\n\n"))
    .join("\n\n---\n\n");
}

function modelLines({ target, draft, backend, notices }: LoadedModels): string[] {
  const names = draft === undefined ? target.name : `${target.name}, drafted by ${draft.name}`;
  const bytes = target.fileBytes + (draft?.fileBytes ?? 0);
  return [
    `${markdownText(names)} (${formatBytes(bytes)}) on ${backend}`,
    ...notices.map((notice) => `$(info) ${markdownText(notice)}`),
  ];
}

function indexLine({ phase, numFiles, numTokens, numWaiting }: WorkspaceStatus): string {
  const size = `${formatCount(numFiles, "file")}, ${formatCount(numTokens, "token")}`;
  const more = numWaiting === 0 ? "" : `, ${numWaiting.toLocaleString("en-US")} to go`;
  return phase === "ready" ? `Workspace index: ${size}` : `Indexing the workspace: ${size}${more}`;
}

function formatCount(count: number, what: string): string {
  return `${count.toLocaleString("en-US")} ${what}${count === 1 ? "" : "s"}`;
}

function figureLines(figures: Figures): string[] {
  const { shown, accepted, partialAccepts, tokensPerPass, savedMs, drafts } = figures;
  const lines: string[] = [];
  if (shown > 0 || accepted > 0) {
    const times = partialAccepts === 1 ? "once" : `${partialAccepts} times`;
    const partly = partialAccepts === 0 ? "" : `, word by word ${times}`;
    lines.push(`Today: ${shown} shown, ${accepted} accepted${partly}`);
  }
  if (figures.judgedCharacters > 0) {
    lines.push(
      `Kept: ${figures.keptCharacters} of ${figures.judgedCharacters} accepted characters after 30 s`,
    );
  }
  if (tokensPerPass !== undefined) {
    lines.push(`Tokens per pass: ${tokensPerPass.toFixed(2)} incl. bonus`);
  }
  if (drafts.length > 0) {
    const each = drafts.map(({ source, verified, accepted: taken }) =>
      // Lines break between drafters only.
      `${SOURCE_NAMES[source]} ${formatPercent(taken / verified)} of ${verified}`.replaceAll(
        " ",
        "\u00a0",
      ),
    );
    lines.push(`Drafts accepted: ${each.join(", ")}`);
  }
  if (savedMs !== undefined)
    lines.push(`Against plain decoding: ${formatSaved(savedMs)} (estimated)`);
  return lines;
}

function linkLine({ onlyWhenAsked }: StatusState): string {
  const choose = onlyWhenAsked ? "[Choose a model](command:treeline.selectModels) · " : "";
  return (
    `${choose}[Why no suggestion?](command:treeline.explainNoSuggestion) · ` +
    "[Statistics](command:treeline.showStatistics) · [Log](command:treeline.showLog)"
  );
}
