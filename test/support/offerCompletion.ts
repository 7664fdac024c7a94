/** What is offered of a model's output, and what must hold on the way to it. */
import { expect } from "vitest";
import type { CursorText } from "../../src/core/ending/cursorContext.ts";
import { CompletionStopRule } from "../../src/core/ending/stopRules.ts";
import { streamableText, trimCompletion } from "../../src/core/ending/trimCompletion.ts";

/** Decodes an output that comes in pieces, as the engine does, and trims it. */
export function offer(cursor: CursorText, pieces: readonly string[], isUnfinished: boolean) {
  const rule = new CompletionStopRule(cursor, (token) => pieces[token]!);
  const settled: string[] = [];
  const streamed: string[] = [];
  const isEnded = pieces.some((_, token) => {
    const ended = rule.push(token);
    settled.push(rule.settledText);
    if (!ended) streamed.push(streamableText(rule.settledText, rule.context));
    return ended;
  });
  for (const earlier of settled) expect(rule.text.startsWith(earlier)).toBe(true);
  const offered = trimCompletion(rule.rawText, cursor, { isUnfinished: isUnfinished && !isEnded });
  const text = "text" in offered ? offered.text : "";
  for (const earlier of streamed) expect(text.startsWith(earlier)).toBe(true);
  return offered;
}
