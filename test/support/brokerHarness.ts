/** A broker on the fake engine and a clock that stands still. */
import { DRAFT_SOURCES } from "../../src/core/tree/draftTree.ts";
import type { CompletionBrokerOptions } from "../../src/session/broker/brokerOptions.ts";
import { CompletionBroker } from "../../src/session/broker/completionBroker.ts";
import type {
  CompletionQuery,
  QueryOutcome,
  QueryTrigger,
} from "../../src/session/broker/completionQuery.ts";
import { FakeCompletionEngine, type OthersOf, type TextOf } from "../fakes/fakeCompletionEngine.ts";
import { FakeClock } from "./clock.ts";
import { NEVER } from "./never.ts";

/** Completes one text: what follows a prefix that it starts with, and nothing elsewhere. */
export function continues(...texts: string[]): TextOf {
  return (prefixText) => {
    const text = texts.find((whole) => whole.startsWith(prefixText));
    return text === undefined ? "" : text.slice(prefixText.length);
  };
}

/** A query at the `█` of a text. */
export function at(
  marked: string,
  trigger: QueryTrigger = "automatic",
  documentId = "a.ts",
): CompletionQuery {
  const [prefixText = "", suffixText = ""] = marked.split("█");
  return { documentId, languageId: "typescript", prefixText, suffixText, trigger };
}

/** @param othersOf - given, three suggestions are wanted. */
export function createBroker(
  textOf: TextOf,
  caches = true,
  othersOf?: OthersOf,
  more: Partial<CompletionBrokerOptions> = {},
) {
  const engine = new FakeCompletionEngine(textOf, othersOf);
  const clock = new FakeClock();
  const log: string[] = [];
  const broker = new CompletionBroker({
    engine,
    clock,
    maxTokens: 64,
    sources: DRAFT_SOURCES,
    numSuggestions: othersOf === undefined ? 1 : 3,
    log: (level, message) => log.push(`${level} ${message}`),
    caches,
    ...more,
  });
  const ask = (query: CompletionQuery, signal: AbortSignal = NEVER) => broker.query(query, signal);
  /** Asks, lets the engine finish, and returns what is shown. */
  const shown = async (query: CompletionQuery) => {
    const pending = ask(query);
    engine.running?.finish();
    return brief(await pending);
  };
  return { broker, engine, clock, log, ask, shown };
}

/** `origin: text`, or the reason for none. */
export function brief(outcome: QueryOutcome): string {
  return "suggestion" in outcome
    ? `${outcome.suggestion.origin}: ${outcome.suggestion.text}`
    : outcome.noSuggestion.reason;
}

/** Lets everything that needs no clock and no engine happen. */
export async function settle(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
}
