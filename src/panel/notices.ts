/** What a reader must heed beside the figures. Pure. */
import type { BenchReport, SuiteFigures } from "../bench/speed/benchReport.ts";

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

function kindOf(text: string): Notice["kind"] {
  return /slower than|later than|not lossless/i.test(text) ? "loss" : "warning";
}

/** The report's warnings but for those of single configurations; losses first. */
export function reportNotices({ suites, warnings }: BenchReport): Notice[] {
  const details = new Set(Object.entries(suites).flatMap(configWarnings));
  const all = warnings
    .filter((text) => !details.has(text))
    .map((text) => ({ kind: kindOf(text), text }));
  const isLoss = ({ kind }: Notice) => kind === "loss";
  return [...all.filter(isLoss), ...all.filter((notice) => !isLoss(notice))];
}
