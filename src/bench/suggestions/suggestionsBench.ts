/**
 * Several suggestions by each method, on the same prompts, by the same ends, except that branches may be cut for the
 * price: what they cost beside one suggestion, how likely they are, how different, and how often one is what was hidden.
 * Pure over core's interfaces.
 */

import { median } from "../base/statistics.ts";
import { hasLine, PromptBench, type SuggestionsBenchOptions } from "./promptSuggestions.ts";
import { rowOf, SUGGESTION_METHODS, type SuggestionsRun } from "./suggestionsFigures.ts";
import type { SuggestionsReport } from "./suggestionsReport.ts";

/**
 * @returns what was measured, of fewer prompts where the signal aborts after the first counted one.
 * @throws EngineError from a model; RangeError with fewer than two prompts.
 */
export async function measureSuggestions(
  options: SuggestionsBenchOptions,
  signal: AbortSignal,
): Promise<SuggestionsReport> {
  const { prompts, counts, draft, maxDraftNodes, passMs, onProgress } = options;
  if (prompts.length < 2) throw new RangeError("a warm-up prompt and one that is counted at least");
  const methods = SUGGESTION_METHODS.filter(
    (method) => method !== "superposedDraft" || draft !== undefined,
  );
  const measured: { plainMs: number; firstMs: number; runs: SuggestionsRun[] }[] = [];
  for (const [index, prompt] of prompts.entries()) {
    try {
      const bench = new PromptBench(options, prompt);
      const { plainMs, firstMs } = await bench.decodeFirst(signal);
      const runs: SuggestionsRun[] = [];
      // Whoever comes first finds other caches: turns are taken.
      for (let turn = 0; turn < methods.length; turn++) {
        const method = methods[(turn + index) % methods.length]!;
        for (const count of counts) runs.push(await bench.run(method, count, signal));
      }
      if (index > 0) measured.push({ plainMs, firstMs, runs });
      onProgress(index + 1);
    } catch (error) {
      // What was measured before Ctrl+C is reported.
      if (!signal.aborted || measured.length === 0) throw error;
      break;
    }
  }
  const all = measured.flatMap(({ runs }) => runs);
  return {
    suite: "suggestions",
    numPrompts: measured.length,
    numLines: prompts.slice(1, 1 + measured.length).filter(hasLine).length,
    maxDraftNodes,
    plainMs: median(measured.map(({ plainMs }) => plainMs)),
    firstMs: median(measured.map(({ firstMs }) => firstMs)),
    rows: counts.flatMap((count) =>
      methods.map((method) =>
        rowOf(
          method,
          count,
          all.filter((run) => run.method === method && run.count === count),
          passMs(count) / passMs(1),
        ),
      ),
    ),
  };
}
