/** Several suggestions at a place: when they are asked for, who waits for them, and what is left of them while typing. */
import { describe, expect, test } from "vitest";
import { ORPHAN_GRACE_MS, PREFETCH_IDLE_MS } from "../../src/session/broker/brokerTimings.ts";
import type { CompletionQuery, QueryOutcome } from "../../src/session/broker/completionQuery.ts";
import { at, continues, createBroker, settle } from "../support/brokerHarness.ts";

const FIRST = continues("let a = 1;", "let a = 1;\nlet b");
/** At the start of the first line; none elsewhere. */
const OTHERS = (prefix: string) => (prefix === "let" ? [" a = 12;", " other;"] : []);

function setUp() {
  const harness = createBroker(FIRST, true, OTHERS);
  const { ask, engine } = harness;
  /** Asks, and lets the engine finish whatever comes of that. */
  const texts = async (query: CompletionQuery) => {
    const pending = ask(query);
    for (let round = 0; round < 3; round++) {
      await settle();
      engine.running?.finish();
    }
    return textsOf(await pending);
  };
  const numbers = () => engine.requests.map(({ params }) => params.numSuggestions ?? 1);
  return { ...harness, texts, numbers };
}

function textsOf(outcome: QueryOutcome): readonly string[] {
  if (!("suggestion" in outcome)) return [outcome.noSuggestion.reason];
  return [outcome.suggestion.text, ...outcome.suggestion.others];
}

const ALL = [" a = 1;", " a = 12;", " other;"];

describe("CompletionBroker's other suggestions", () => {
  test("do not keep the first waiting", async () => {
    const { texts, numbers } = setUp();
    expect(await texts(at("let█"))).toEqual([" a = 1;"]);
    expect(numbers()).toEqual([1]);
  });

  test("come with the first where the user asks, with one id", async () => {
    const { ask, engine, texts, numbers } = setUp();
    const automatic = ask(at("let█"));
    engine.running?.finish();
    const first = await automatic;
    const asked = ask(at("let█", "invoke"));
    await settle();
    engine.running?.finish();
    const all = await asked;
    expect(textsOf(all)).toEqual(ALL);
    if (!("suggestion" in first && "suggestion" in all)) throw new Error("no suggestion");
    expect(all.suggestion.id).toBe(first.suggestion.id);
    // Known now, whoever asks.
    expect(await texts(at("let█"))).toEqual(ALL);
    expect(await texts(at("let█", "invoke"))).toEqual(ALL);
    expect(numbers()).toEqual([1, 3]);
  });

  test("are waited for where the first is not known either", async () => {
    const { texts, numbers } = setUp();
    expect(await texts(at("let█", "invoke"))).toEqual(ALL);
    expect(numbers()).toEqual([1, 3]);
  });

  test("are not waited for where the editor asks once more for a late answer", async () => {
    const { texts, numbers } = setUp();
    expect(await texts(at("let█", "again"))).toEqual([" a = 1;"]);
    expect(numbers()).toEqual([1]);
  });

  test("are prepared while the first rests on the screen, before what follows it", async () => {
    const { texts, engine, clock, numbers } = setUp();
    await texts(at("let█"));
    clock.advance(PREFETCH_IDLE_MS - 1);
    await settle();
    expect(numbers()).toEqual([1]);
    clock.advance(1);
    await settle();
    expect(engine.running?.params).toMatchObject({ prefixText: "let", numSuggestions: 3 });
    engine.running?.finish();
    await settle();
    expect(engine.running?.params.prefixText).toBe("let a = 1;");
    engine.running?.finish();
    expect(await texts(at("let█", "invoke"))).toEqual(ALL);
    expect(numbers()).toEqual([1, 3, 1]);
  });

  test("are not prepared on a slow engine, though it answers who asks", async () => {
    const { ask, engine, clock, texts, numbers } = setUp();
    const pending = ask(at("let█"));
    clock.advance(600);
    engine.running?.finish();
    await pending;
    clock.advance(PREFETCH_IDLE_MS);
    await settle();
    expect(numbers()).toEqual([1]);
    expect(await texts(at("let█", "invoke"))).toEqual(ALL);
  });

  test("stay offered with their rest while they begin with what is typed", async () => {
    const { texts, numbers } = setUp();
    await texts(at("let█", "invoke"));
    expect(await texts(at("let █"))).toEqual(["a = 1;", "a = 12;", "other;"]);
    expect(await texts(at("let a = 1█"))).toEqual([";", "2;"]);
    // What was typed is another of them.
    expect(await texts(at("let o█"))).toEqual(["ther;"]);
    expect(numbers()).toEqual([1, 3]);
  });

  test("go on being decoded while the user types the first suggestion, and end with another text", async () => {
    const { ask, texts, engine, clock } = setUp();
    await texts(at("let█"));
    clock.advance(PREFETCH_IDLE_MS);
    await settle();
    const others = engine.running;
    expect(textsOf(await ask(at("let a█")))).toEqual([" = 1;"]);
    expect(others?.wasAborted).toBe(false);
    void ask(at("let x█"));
    expect(others?.wasAborted).toBe(true);
    await settle();
    expect(engine.numOverlaps).toBe(0);
  });

  test("that fail leave the first", async () => {
    const { ask, engine, log } = setUp();
    const pending = ask(at("let█", "invoke"));
    engine.running?.finish();
    await settle();
    engine.running?.fail(new Error("out of memory"));
    expect(textsOf(await pending)).toEqual([" a = 1;"]);
    expect(log.filter((line) => line.startsWith("warn"))).toHaveLength(1);
  });

  test("that nobody waits for any more free the engine after a while", async () => {
    const { ask, texts, engine, clock } = setUp();
    await texts(at("let█"));
    const cancel = new AbortController();
    const pending = ask(at("let█", "invoke"), cancel.signal);
    await settle();
    cancel.abort();
    expect(textsOf(await pending)).toEqual(["cancelled"]);
    expect(engine.running?.params.numSuggestions).toBe(3);
    clock.advance(ORPHAN_GRACE_MS);
    await settle();
    expect(engine.running).toBeUndefined();
  });

  test("are forgotten with their document", async () => {
    const { ask, texts, engine, broker } = setUp();
    await texts(at("let█"));
    const pending = ask(at("let█", "invoke"));
    await settle();
    broker.forget("a.ts");
    expect(engine.running).toBeUndefined();
    expect(textsOf(await pending)).toEqual([" a = 1;"]);
    expect(await texts(at("let█"))).toEqual([" a = 1;"]);
  });

  test("prepare what follows them once they are taken", async () => {
    const { ask, texts, engine, broker } = setUp();
    await texts(at("let█", "invoke"));
    const outcome = await ask(at("let█", "invoke"));
    if (!("suggestion" in outcome)) throw new Error("no suggestion");
    broker.accepted(outcome.suggestion.id, 3);
    expect(engine.running?.params).toMatchObject({ prefixText: "let other;" });
    expect(engine.running?.params.numSuggestions).toBeUndefined();
  });
});
