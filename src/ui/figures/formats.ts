/** Shares and times as people read them. */
import { l10n } from "vscode";

export function formatCount(count: number): string {
  return count.toLocaleString("en-US");
}

export function formatPercent(share: number): string {
  return `${Math.round(share * 100)} %`;
}

/** Below 10 s in ms. */
export function formatMs(ms: number): string {
  return ms < 10_000 ? `${Math.round(ms)} ms` : formatSeconds(ms);
}

export function formatSeconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}

/** What speculation may cost where it is not told otherwise: less is called no difference. */
const NO_DIFFERENCE_SHARE = 0.03;

/** A signed time: what was saved, or what speculation cost. @param decodeMs - what all of it took. */
export function formatSaved(savedMs: number, decodeMs: number): string {
  if (Math.abs(savedMs) <= NO_DIFFERENCE_SHARE * decodeMs) return l10n.t("no difference");
  const time = formatMs(Math.abs(savedMs));
  return savedMs < 0 ? l10n.t("{0} lost", time) : l10n.t("{0} saved", time);
}
