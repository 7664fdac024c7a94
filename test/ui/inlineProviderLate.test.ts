/** An answer that comes after VS Code stopped waiting: whether the editor is asked again. */
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type {
  CompletionQuery,
  CompletionSource,
  QueryOutcome,
} from "../../src/session/broker/completionQuery.ts";
import { readConfig } from "../../src/ui/base/config.ts";
import { DecisionLog } from "../../src/ui/suggest/decisionLog.ts";
import { InlineProvider } from "../../src/ui/suggest/inlineProvider.ts";
import { FakeDocument } from "../fakes/fakeDocument.ts";
import {
  CancellationTokenSource,
  fake,
  InlineCompletionTriggerKind,
  Position,
  resetVscode,
  window,
} from "../fakes/fakeVscode.ts";
import { suggestion } from "../support/completionResults.ts";

const TRIGGER = "editor.action.inlineSuggest.trigger";

beforeEach(() => resetVscode());

function setUp({ query }: Pick<CompletionSource, "query">) {
  const waits: number[] = [];
  const provider = new InlineProvider({
    source: { query },
    config: () =>
      readConfig(
        () => undefined,
        "/home/me",
        () => {},
      ),
    decisions: new DecisionLog(),
    log: () => {},
    onOffer: () => {},
    onWaited: (ms) => waits.push(ms),
  });
  return { provider, document: new FakeDocument(""), position: new Position(0, 0), waits };
}

function askOf(
  provider: InlineProvider,
  document: FakeDocument,
  position: Position,
  token: unknown = new CancellationTokenSource().token,
  triggerKind: number = InlineCompletionTriggerKind.Automatic,
) {
  const context = { triggerKind };
  return provider.provideInlineCompletionItems(
    document as never,
    position as never,
    context as never,
    token as never,
  );
}

describe("InlineProvider with an answer that the editor gave up", () => {
  /** Asks, cancels after a while, and answers whoever still wants to know. */
  async function giveUp(
    afterMs: number,
    change: (document: FakeDocument) => unknown = () => {},
    later: (asking: () => unknown) => unknown = () => {},
  ) {
    vi.useFakeTimers({ toFake: ["performance"] });
    const answers: { answer(outcome: QueryOutcome): void; trigger: string }[] = [];
    const query = ({ trigger }: CompletionQuery, signal: AbortSignal) =>
      new Promise<QueryOutcome>((resolve) => {
        answers.push({ answer: resolve, trigger });
        const cancelled = { reason: "cancelled", detail: "" } as const;
        signal.addEventListener("abort", () => resolve({ noSuggestion: cancelled }));
      });
    const { provider, document, position, waits } = setUp({ query });
    const selection = { isEmpty: true, active: position };
    window.activeTextEditor = { document, selection, selections: [selection] };
    const invoke = () =>
      askOf(provider, document, position, undefined, InlineCompletionTriggerKind.Invoke);
    // As the editor does.
    fake.commands.set(TRIGGER, () => void invoke());
    const token = new CancellationTokenSource();
    const asked = askOf(provider, document, position, token.token);
    vi.advanceTimersByTime(afterMs);
    change(document);
    token.cancel();
    later(() => askOf(provider, document, position));
    expect(await asked).toBeUndefined();
    vi.advanceTimersByTime(1_250);
    const last = answers.at(-1);
    last?.answer({ suggestion: suggestion(6, "late") });
    await new Promise((done) => setImmediate(done));
    return {
      answers,
      waits,
      invoke,
      numTriggers: fake.executed.filter((id) => id === TRIGGER).length,
    };
  }

  afterEach(() => vi.useRealTimers());

  test("has it ask again once it is there", async () => {
    const { answers, invoke, numTriggers } = await giveUp(750);
    // The wait, and the editor's question once it is over: neither is to wait for other suggestions.
    expect(answers.map(({ trigger }) => trigger)).toEqual(["automatic", "again", "again"]);
    expect(numTriggers).toBe(1);
    void invoke();
    expect(answers.at(-1)?.trigger).toBe("invoke");
  });

  test("tells how long it was waited for, and of a wait in vain only where it was long", async () => {
    expect((await giveUp(750)).waits).toContain(2_000);
    expect((await giveUp(20)).waits).toEqual([]);
    expect((await giveUp(750, (document) => document.version++)).waits).toEqual([]);
    expect((await giveUp(3_000, (document) => document.version++)).waits).toEqual([3_000]);
  });

  test("is not waited for after a key, nor where something else cancelled", async () => {
    expect((await giveUp(750, (document) => document.version++)).answers).toHaveLength(1);
    expect((await giveUp(20)).answers).toHaveLength(1);
  });

  test("does not push a newer question aside", async () => {
    const { answers, numTriggers } = await giveUp(750, undefined, (ask) => ask());
    expect(answers.map(({ trigger }) => trigger)).toEqual(["automatic", "automatic"]);
    expect(numTriggers).toBe(0);
  });
});
