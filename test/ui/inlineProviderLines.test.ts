/** First lines on the screen: whether the editor is asked again once the rest is there. */
import { beforeEach, expect, test } from "vitest";
import type { CompletionResult } from "../../src/engine/protocol.ts";
import type { CompletionSource, QueryOutcome } from "../../src/session/completionQuery.ts";
import { readConfig } from "../../src/ui/config.ts";
import { DecisionLog } from "../../src/ui/decisionLog.ts";
import { InlineProvider } from "../../src/ui/inlineProvider.ts";
import { fakeResult } from "../fakes/fakeCompletionEngine.ts";
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
  const provider = new InlineProvider({
    source: { query, prepare: () => {}, accepted: () => {}, forget: () => {} },
    config: () =>
      readConfig(
        () => undefined,
        "/home/me",
        () => {},
      ),
    decisions: new DecisionLog(),
    log: () => {},
    onOffer: () => {},
  });
  return { provider, document: new FakeDocument(""), position: new Position(0, 0) };
}

function askOf(
  provider: InlineProvider,
  document: FakeDocument,
  position: Position,
  token: unknown = new CancellationTokenSource().token,
) {
  const context = { triggerKind: InlineCompletionTriggerKind.Automatic };
  return provider.provideInlineCompletionItems(
    document as never,
    position as never,
    context as never,
    token as never,
  );
}

/** Offers the first line of a block at the end of a document; the rest comes when told to. */
async function offerLines(whole: string | undefined) {
  let resolve: (result: CompletionResult | undefined) => void = () => {};
  const promise = new Promise<CompletionResult | undefined>((done) => {
    resolve = done;
  });
  const first = { ...suggestion(5, "if (a) {"), isWhole: false, result: promise };
  const { provider, document, position } = setUp({ query: async () => ({ suggestion: first }) });
  const ask = () => askOf(provider, document, position);
  await ask();
  const selection = { isEmpty: true, active: position };
  window.activeTextEditor = { document, selection };
  return {
    ask,
    document,
    selection,
    async finish() {
      resolve(whole === undefined ? undefined : fakeResult(whole));
      await new Promise((done) => setImmediate(done));
      return fake.executed.filter((id) => id === TRIGGER).length;
    },
  };
}

test("asks again once the rest is there", async () => {
  const { finish } = await offerLines("if (a) {\n  b();\n}");
  expect(await finish()).toBe(1);
});

test("does not where there is no more, or the generation was ended", async () => {
  for (const whole of ["if (a) {", undefined]) {
    const { finish } = await offerLines(whole);
    expect(await finish(), String(whole)).toBe(0);
  }
});

test("does not where the cursor left, another text stands there, or another question was asked", async () => {
  const changes: ((state: Awaited<ReturnType<typeof offerLines>>) => unknown)[] = [
    ({ selection }) => Object.assign(selection, { active: new Position(3, 0) }),
    ({ selection }) => Object.assign(selection, { isEmpty: false }),
    ({ document }) => Object.assign(document, { version: document.version + 1 }),
    ({ ask }) => ask(),
    () => Object.assign(window, { activeTextEditor: undefined }),
  ];
  for (const [index, change] of changes.entries()) {
    const state = await offerLines("if (a) {\n  b();\n}");
    await change(state);
    expect(await state.finish(), `change ${index}`).toBe(0);
  }
});

test("asks again once an answer is there that the editor gave up, unless something was typed", async () => {
  for (const isTyped of [false, true]) {
    resetVscode();
    const answers: ((outcome: QueryOutcome) => void)[] = [];
    const query = (_query: unknown, signal: AbortSignal) =>
      new Promise<QueryOutcome>((resolve) => {
        answers.push(resolve);
        const cancelled = { reason: "cancelled", detail: "" } as const;
        signal.addEventListener("abort", () => resolve({ noSuggestion: cancelled }));
      });
    const { provider, document, position } = setUp({ query });
    const selection = { isEmpty: true, active: position };
    window.activeTextEditor = { document, selection, selections: [selection] };
    const token = new CancellationTokenSource();
    const asked = askOf(provider, document, position, token.token);
    if (isTyped) document.version++;
    token.cancel();
    expect(await asked).toBeUndefined();
    expect(answers.length).toBe(isTyped ? 1 : 2);
    answers.at(-1)?.({ suggestion: suggestion(6, "late") });
    await new Promise((done) => setImmediate(done));
    expect(fake.executed.filter((id) => id === TRIGGER)).toHaveLength(isTyped ? 0 : 1);
  }
});
