/** What a benchmark says about the product, in one sentence that holds on the machine it was made on. Pure. */
import {
  FUSED_CONFIG,
  PLAIN_AGAIN_CONFIG,
  PLAIN_CONFIG,
  SPEED_SUITES,
} from "../base/benchConfigNames.ts";
import { MIN_BOUNDED_VALUES } from "../base/statistics.ts";
import type {
  Comparison,
  ConfigFigures,
  RatioInterval,
  SuiteFigures,
  Verdict,
} from "./benchReport.ts";

const SUITE_PLACES: Readonly<Record<string, string>> = {
  scratch: " of code unlike the workspace",
  unpredictable: " that nobody can predict",
};

/** @param suites - by name; the first of repo, scratch and unpredictable that was measured is judged. */
export function verdictOf(suites: Readonly<Record<string, SuiteFigures>>): Verdict {
  const order = ["repo", ...SPEED_SUITES.filter((name) => name !== "repo")];
  const name = order.find((each) => (suites[each]?.numPrompts ?? 0) > 0);
  const suite = name === undefined ? undefined : suites[name];
  if (name === undefined || suite === undefined) {
    return undecided("Nothing was measured, so there is no verdict.");
  }
  const rowOf = (config: string) => suite.configs.find((each) => each.name === config);
  const [plain, again, fused] = [PLAIN_CONFIG, PLAIN_AGAIN_CONFIG, FUSED_CONFIG].map(rowOf);
  if (fused === undefined || plain === undefined) return withoutFused(suite);
  if (!fused.isComparable) {
    return undecided(
      `Treeline's output differs from plain decoding's at ${fused.differingTokens} tokens: no speed counts.`,
    );
  }
  if (fused.numPrompts < MIN_BOUNDED_VALUES) {
    return undecided(
      `Too few prompts were measured to say anything: ${fused.numPrompts}, expected ${MIN_BOUNDED_VALUES} at least. ` +
        "Give it more time.",
    );
  }
  const kind = fused.firstLineComparison;
  const place = SUITE_PLACES[name] ?? "";
  return { kind, sentence: sentenceOf(kind, place, fused), details: details(fused, plain, again) };
}

function undecided(sentence: string): Verdict {
  return { kind: "undecided", sentence, details: null };
}

function withoutFused({ configs, unmeasured }: SuiteFigures): Verdict {
  const isWrong = unmeasured.some(
    ({ name, differingTokens }) => name === FUSED_CONFIG && differingTokens > 0,
  );
  if (isWrong) {
    return undecided("Treeline's output differs from plain decoding's: no speed counts.");
  }
  const what = configs.length === 0 ? "nothing was" : `${FUSED_CONFIG} was not`;
  return undecided(`There is no verdict: ${what} measured.`);
}

function sentenceOf(kind: Comparison, place: string, fused: ConfigFigures): string {
  const { firstLineMs, plainFirstLineMs, firstLineToPlain } = fused;
  const [ours, plains] = secondsOf(firstLineMs, plainFirstLineMs);
  const line = `On this machine Treeline shows a line${place} after ${ours}`;
  const bounds = boundsOf(firstLineToPlain);
  switch (kind) {
    case "slower":
      return `${line} instead of ${plains}: drafting makes it slower (${bounds} × as fast).`;
    case "same":
      return `${line}, and after ${plains} without drafts: no difference (${bounds} × as fast).`;
    default:
      return `${line} instead of ${plains} (${bounds} × as fast).`;
  }
}

function details(
  fused: ConfigFigures,
  plain: ConfigFigures,
  again: ConfigFigures | undefined,
): string {
  const speed =
    `It decodes ${fused.tokensPerSecond.toFixed(1)} tokens a second, plain decoding ` +
    `${plain.tokensPerSecond.toFixed(1)} (${boundsOf(fused.ratioToPlain)} × as fast).`;
  if (again === undefined) return speed;
  return (
    `${speed} Plain decoding against itself: a line ${boundsOf(again.firstLineToPlain)} ×, ` +
    `tokens ${boundsOf(again.ratioToPlain)} ×.`
  );
}

/** Of as many digits as tell the two apart, three at most. */
function secondsOf(ms: number, otherMs: number): readonly [string, string] {
  const unit = Math.max(ms, otherMs) < 1000 ? "ms" : "s";
  const write = (value: number, digits: number) =>
    unit === "ms"
      ? `${value.toFixed(Math.max(0, digits - 2))} ms`
      : `${(value / 1000).toFixed(digits)} s`;
  const digits = write(ms, 1) === write(otherMs, 1) ? 2 : 1;
  return [write(ms, digits), write(otherMs, digits)];
}

/** `1.1-1.4`; with another digit where one would hide on which side of 1 they lie. */
function boundsOf({ low, high }: RatioInterval): string {
  const digits = low > 0.9 && high < 1.1 ? 2 : 1;
  const hides = [low, high].some((bound) => bound !== 1 && Number(bound.toFixed(digits)) === 1);
  const shown = hides ? 2 : digits;
  return `${low.toFixed(shown)}-${high.toFixed(shown)}`;
}
