/** What a reader must know before believing the charts, in plain words. Pure. */
import { FUSED_CONFIG } from "../bench/benchConfigNames.ts";
import type { BenchReport, SuiteFigures } from "../bench/benchReport.ts";
import { formatBounds, formatPercent, formatRatio, plural, verdictOf } from "./figureText.ts";
import { defaultConfig, isWrong } from "./suiteRows.ts";

export interface Notice {
  readonly kind: "loss" | "warning";
  readonly text: string;
}

/** Sentences of single configurations, as the report repeats them; they stand with the suite. */
function configWarnings([suiteName, suite]: readonly [string, SuiteFigures]): string[] {
  return [...suite.configs, ...suite.unmeasured].flatMap(({ name, warnings }) =>
    warnings.map((text) => `${suiteName}: ${name}: ${text}`),
  );
}

const RANKS: Readonly<Record<Notice["kind"], number>> = { loss: 0, warning: 1 };

function kindOf(text: string): Notice["kind"] {
  return /slower than|later than|not lossless/i.test(text) ? "loss" : "warning";
}

/** The report's own warnings but for those of single configurations, and what its figures say that no warning does; losses first. */
export function reportNotices(report: BenchReport): Notice[] {
  const { machine, isComplete, suites, warnings } = report;
  const isSaid = (...patterns: readonly RegExp[]) =>
    warnings.some((text) => patterns.every((pattern) => pattern.test(text)));
  const details = new Set(Object.entries(suites).flatMap(configWarnings));
  const given = warnings
    .filter((text) => !details.has(text))
    .map((text) => ({ kind: kindOf(text), text }));
  const found: Notice[] = [];
  for (const [name, suite] of Object.entries(suites)) {
    const differing = differingNotice(name, suite);
    if (differing !== undefined && !isSaid(/differ|not lossless/i, wordPattern(name)))
      found.push(differing);
    const loss = lossNotice(name, suite);
    if (loss !== undefined && !isSaid(/slower than plain/i, wordPattern(name))) {
      found.push(loss);
    }
  }
  found.push(...given);
  if (!isComplete && !isSaid(/stopped|partial|incomplete|cancel|before its end/i)) {
    const counts = Object.entries(suites).map(
      ([name, { numPrompts }]) => `${plural(numPrompts, "prompt")} of ${name}`,
    );
    const measured = counts.length === 0 ? "nothing" : counts.join(", ");
    const text = `The run was stopped before its end: the figures cover ${measured}, and their bounds are wider than those of a whole run.`;
    found.push({ kind: "warning", text });
  }
  if (machine.isBusy && !isSaid(/busy|other programs|other processes/i)) {
    const text = `Other programs used ${formatPercent(machine.busyShare)} of the processor before the start, so all times are doubtful. Close them and run again.`;
    found.push({ kind: "warning", text });
  }
  return found.toSorted((a, b) => RANKS[a.kind] - RANKS[b.kind]);
}

function wordPattern(word: string): RegExp {
  return new RegExp(`\\b${word.replaceAll(/\W/g, "\\$&")}\\b`, "i");
}

function lossNotice(name: string, suite: SuiteFigures): Notice | undefined {
  const config = defaultConfig(suite);
  if (config === undefined || verdictOf(config) !== "loss") return undefined;
  const { median } = config.ratioToPlain;
  const text = `Speculation loses on ${name}: ${FUSED_CONFIG} runs at ${formatRatio(median)} the speed of plain decoding (${formatBounds(config.ratioToPlain)}).`;
  return { kind: "loss", text };
}

function differingNotice(name: string, suite: SuiteFigures): Notice | undefined {
  const wrong = [...suite.configs, ...suite.unmeasured].filter(isWrong);
  if (wrong.length === 0) return undefined;
  const each = wrong.map((config) => `${config.name} ${plural(config.differingTokens, "token")}`);
  const text = `Output differed from plain decoding's on ${name}: ${each.join(", ")}. This is a defect of Treeline; please report it.`;
  return { kind: "loss", text };
}
