/** Whatever a user does, what is shown is what the engine says here, or what is left of what it said a little before. */
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ORPHAN_GRACE_MS, PREFETCH_IDLE_MS } from "../../src/session/broker/brokerTimings.ts";
import type { CompletionBroker } from "../../src/session/broker/completionBroker.ts";
import type { CompletionQuery, QueryOutcome } from "../../src/session/broker/completionQuery.ts";
import type { FakeCompletionEngine } from "../fakes/fakeCompletionEngine.ts";
import { at, brief, createBroker, settle } from "../support/brokerHarness.ts";
import type { FakeClock } from "../support/clock.ts";
import { NEVER } from "../support/never.ts";
import { NUM_RUNS } from "../support/numRuns.ts";

/** Over two letters, so that what is typed by chance is often what is suggested; sometimes nothing. */
function textOf(prefixText: string, suffixText: string): string {
  let hash = 17;
  for (const char of `${prefixText}|${suffixText}`) {
    hash = (Math.imul(hash, 31) + char.charCodeAt(0)) >>> 0;
  }
  const length = (hash >>> 4) % 5;
  return Array.from({ length }, (_, index) => ((hash >>> (8 + 2 * index)) & 1 ? "a" : "b")).join(
    "",
  );
}

/** Beside a text those with one letter changed, where there is a letter. */
function othersOf(prefixText: string, suffixText: string): string[] {
  const text = textOf(prefixText, suffixText);
  return ["a", "b"].map((letter) => letter + text.slice(1)).filter((other) => other !== text);
}

type Action =
  | { readonly kind: "type"; readonly text: string }
  | { readonly kind: "backspace" | "accept" | "acceptWord" | "cancel" | "step" | "finish" | "fail" }
  | { readonly kind: "ask"; readonly trigger: "automatic" | "invoke" }
  | { readonly kind: "move"; readonly document: number }
  | { readonly kind: "insertAfter" }
  | { readonly kind: "forget"; readonly documentId: string | undefined }
  | { readonly kind: "wait"; readonly ms: number };

const action: fc.Arbitrary<Action> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant("type" as const),
      text: fc.constantFrom("a", "b", "ab"),
    }),
  },
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant("ask" as const),
      trigger: fc.constantFrom("automatic" as const, "automatic" as const, "invoke" as const),
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constantFrom("step" as const, "step" as const, "finish" as const),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constantFrom(
        "backspace" as const,
        "accept" as const,
        "acceptWord" as const,
        "cancel" as const,
      ),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant("wait" as const),
      ms: fc.constantFrom(30, 100, PREFETCH_IDLE_MS, ORPHAN_GRACE_MS, 2000),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("move" as const), document: fc.nat(1) }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constantFrom("insertAfter" as const, "fail" as const) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant("forget" as const),
      documentId: fc.constantFrom(undefined, "0", "1"),
    }),
  },
);

/** An editor with two documents, whose user does as told. */
class Editor {
  readonly #broker: CompletionBroker;
  readonly #engine: FakeCompletionEngine;
  readonly #clock: FakeClock;
  readonly #prefixes = ["", "a"];
  readonly #suffixes = ["", "b"];
  readonly answers: { readonly query: CompletionQuery; readonly outcome: QueryOutcome }[] = [];
  readonly pending = new Set<Promise<void>>();
  #document = 0;
  #cancel = new AbortController();

  constructor(broker: CompletionBroker, engine: FakeCompletionEngine, clock: FakeClock) {
    this.#broker = broker;
    this.#engine = engine;
    this.#clock = clock;
  }

  get #prefix(): string {
    return this.#prefixes[this.#document]!;
  }

  set #prefix(text: string) {
    this.#prefixes[this.#document] = text;
  }

  do(action: Action): void {
    switch (action.kind) {
      case "type":
        this.#prefix += action.text;
        break;
      case "backspace":
        this.#prefix = this.#prefix.slice(0, -1);
        break;
      case "insertAfter":
        this.#suffixes[this.#document] += "a";
        break;
      case "move":
        this.#document = action.document;
        this.#broker.prepare(this.#query("automatic"));
        break;
      case "ask":
        this.#ask(action.trigger);
        break;
      case "cancel":
        this.#cancel.abort();
        break;
      case "accept":
      case "acceptWord":
        this.#accept(action.kind === "acceptWord");
        break;
      case "step":
        this.#engine.running?.step();
        break;
      case "finish":
        this.#engine.running?.finish();
        break;
      case "fail":
        this.#engine.running?.fail(new Error("the engine failed"));
        break;
      case "wait":
        this.#clock.advance(action.ms);
        break;
      case "forget":
        this.#broker.forget(action.documentId);
        break;
    }
  }

  #ask(trigger: "automatic" | "invoke"): void {
    const query = this.#query(trigger);
    this.#cancel = new AbortController();
    const answer = this.#broker.query(query, this.#cancel.signal).then((outcome) => {
      this.pending.delete(answer);
      this.answers.push({ query, outcome });
    });
    this.pending.add(answer);
  }

  #query(trigger: "automatic" | "invoke"): CompletionQuery {
    const marked = `${this.#prefix}█${this.#suffixes[this.#document]}`;
    return { ...at(marked, trigger), documentId: String(this.#document) };
  }

  #accept(onlyWord: boolean): void {
    const last = this.answers.at(-1);
    if (last === undefined || !("suggestion" in last.outcome)) return;
    const { query, outcome } = last;
    if (query.prefixText !== this.#prefix || query.documentId !== String(this.#document)) return;
    const { id, text } = outcome.suggestion;
    this.#prefix += onlyWord ? text.slice(0, 1) : text;
    if (!onlyWord) this.#broker.accepted(id);
  }
}

/** Whether `text` is the completion here, or the rest of one of an earlier request that was typed into. */
function isRight(query: CompletionQuery, text: string, engine: FakeCompletionEngine): boolean {
  const { prefixText, suffixText } = query;
  if (text === textOf(prefixText, suffixText)) return true;
  return engine.requests.some(({ params }) => {
    const { prefixText: before } = params;
    if (params.suffixText !== suffixText || !prefixText.startsWith(before)) return false;
    const texts = [textOf(before, suffixText), ...othersOf(before, suffixText)];
    return texts.some((whole) => before + whole === prefixText + text);
  });
}

const rejections: unknown[] = [];
const onRejection = (reason: unknown) => rejections.push(reason);
beforeAll(() => void process.on("unhandledRejection", onRejection));
afterAll(() => {
  process.off("unhandledRejection", onRejection);
  expect(rejections).toEqual([]);
});

describe("CompletionBroker", () => {
  test.each([
    [true, 1],
    [true, 3],
    [false, 1],
  ])(
    "shows only what the engine says, with caches: %s, suggestions: %i",
    async (caches, number) => {
      let numShown = 0;
      await fc.assert(
        fc.asyncProperty(fc.array(action, { maxLength: 60, size: "max" }), async (actions) => {
          const { broker, engine, clock, log } = createBroker(
            textOf,
            caches,
            number === 1 ? undefined : othersOf,
          );
          const editor = new Editor(broker, engine, clock);
          for (const one of actions) {
            editor.do(one);
            await settle();
          }
          // Every question gets an answer once time passes and the engine works.
          for (let round = 0; editor.pending.size > 0 && round < 10; round++) {
            clock.advance(1000);
            await settle();
            engine.running?.finish();
            await settle();
          }
          expect(editor.pending.size).toBe(0);
          expect(engine.numOverlaps).toBe(0);
          expect(log.filter((line) => line.startsWith("error"))).toEqual([]);
          for (const { query, outcome } of editor.answers) {
            if (!("suggestion" in outcome)) continue;
            numShown++;
            const { text, others, origin } = outcome.suggestion;
            expect(text).not.toBe("");
            for (const each of [text, ...others]) expect(isRight(query, each, engine)).toBe(true);
            expect(others).not.toContain(text);
            if (!caches || origin === "generated") {
              expect(text).toBe(textOf(query.prefixText, query.suffixText));
            }
          }
          broker[Symbol.dispose]();
          await settle();
          expect(engine.running).toBeUndefined();
        }),
        { numRuns: NUM_RUNS },
      );
      expect(numShown).toBeGreaterThan(NUM_RUNS / 2);
    },
  );

  test("a cancel at any moment is an outcome, frees the engine and harms no later question", async () => {
    let numCancelled = 0;
    for (let moment = 0; moment < 60; moment++) {
      const { ask, engine, clock, broker } = createBroker((prefix) => `${prefix}xyz`);
      // A typist faster than the engine, so that the question waits, attaches or generates.
      const warm = ask(at("q█"));
      clock.advance(300);
      engine.running?.finish();
      await warm;
      clock.advance(1000);
      void ask(at("w█"));
      if (moment % 3 === 0) engine.running?.step();
      clock.advance(100);
      const controller = new AbortController();
      const pending = ask(at(moment % 2 === 0 ? "wx█" : "wwx█"), controller.signal);
      for (let tick = 0; tick < moment; tick++) {
        if (tick % 5 === 4) engine.running?.step();
        if (tick === 7) clock.advance(200);
        await Promise.resolve();
      }
      controller.abort();
      const outcome = brief(await pending);
      if (outcome === "cancelled") numCancelled++;
      else expect(outcome).toMatch(/^(generated|running): /);
      clock.advance(ORPHAN_GRACE_MS);
      await settle();
      if (outcome === "cancelled") expect(engine.running).toBeUndefined();
      const next = broker.query(at("next█", "invoke"), NEVER);
      engine.running?.finish();
      expect(brief(await next)).toBe("generated: nextxyz");
    }
    expect(numCancelled).toBeGreaterThan(20);
    expect(numCancelled).toBeLessThan(60);
  });
});
