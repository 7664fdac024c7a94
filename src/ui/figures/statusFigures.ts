/** The figures of the status bar's tooltip, in words. */
import { l10n } from "vscode";
import { SOURCE_NAMES } from "../../bench/base/benchConfigNames.ts";
import type { AskedReason } from "../base/config.ts";
import type { Figures } from "./counters.ts";
import { formatPercent, formatSaved, formatSeconds } from "./formats.ts";

/** @param firstLineMs - how soon a first line is shown. @returns Markdown lines; none where nothing was counted. */
export function figureLines({
  today,
  firstLineMs,
  askedReason,
}: {
  readonly today: Figures;
  readonly firstLineMs?: number | undefined;
  readonly askedReason?: AskedReason | undefined;
}): string[] {
  return [
    ...(firstLineMs === undefined
      ? []
      : [l10n.t("A first line is shown after {0} (median)", formatSeconds(firstLineMs))]),
    ...takenLines(today),
    ...passLines(today),
    // A pass of the demonstration model is too short for drafts to win anything.
    ...(askedReason === "demonstration" ? [] : savedLines(today)),
  ];
}

function takenLines(today: Figures): string[] {
  const { shown, accepted, partialAccepts, keptCharacters, judgedCharacters } = today;
  const lines: string[] = [];
  if (shown > 0 || accepted > 0) {
    const taken = l10n.t("Suggestions today: {0} shown, {1} taken", shown, accepted);
    lines.push([taken, ...partly(partialAccepts)].join(", "));
  }
  if (judgedCharacters > 0) {
    const share = formatPercent(keptCharacters / judgedCharacters);
    lines.push(l10n.t("You kept {0} of what you took (looked at again after 30 s)", share));
  }
  return lines;
}

function partly(times: number): string[] {
  if (times === 0) return [];
  return [times === 1 ? l10n.t("word by word once") : l10n.t("word by word {0} times", times)];
}

function passLines({ tokensPerPass, drafts }: Figures): string[] {
  const lines: string[] = [];
  if (tokensPerPass !== undefined) {
    const tokens = tokensPerPass.toFixed(2);
    lines.push(l10n.t("A pass of the model brought {0} tokens; without drafts it is 1", tokens));
  }
  if (drafts.length > 0) {
    const each = drafts.map(({ source, verified, accepted }) =>
      // Lines break between drafters only.
      l10n
        .t("{0} {1} of {2}", SOURCE_NAMES[source], formatPercent(accepted / verified), verified)
        .replaceAll(" ", "\u00a0"),
    );
    lines.push(l10n.t("Drafts that held: {0}", each.join(", ")));
  }
  return lines;
}

function savedLines({ savedMs, decodeMs }: Figures): string[] {
  if (savedMs === undefined) return [];
  const saved = formatSaved(savedMs, decodeMs);
  return [l10n.t("Time against plain decoding: {0} (estimated)", saved)];
}
