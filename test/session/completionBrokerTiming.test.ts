import { describe, expect, test } from "vitest";
import {
  ORPHAN_GRACE_MS,
  PREFETCH_IDLE_MS,
  REST_MS,
} from "../../src/session/broker/brokerTimings.ts";
import type { TextOf } from "../fakes/fakeCompletionEngine.ts";
import { at, brief, continues, createBroker, settle } from "../support/brokerHarness.ts";

/** Nothing typed is ever what the engine would say. */
const NEVER_RIGHT = () => "?!";

describe("CompletionBroker's debounce", () => {
  /** Keys every 100 ms on an engine that takes 400. */
  async function typist() {
    const harness = createBroker(NEVER_RIGHT);
    const first = harness.ask(at("a█"));
    harness.clock.advance(400);
    harness.engine.running?.finish();
    await first;
    harness.clock.advance(1000);
    void harness.ask(at("ab█"));
    harness.engine.running?.step();
    harness.clock.advance(100);
    return harness;
  }

  test("asks at once after a pause, and waits while the user types faster than the engine answers", async () => {
    const { ask, engine, clock } = await typist();
    expect(engine.requests.length).toBe(2);
    const pending = ask(at("abc█"));
    expect(engine.running).toBeUndefined();
    clock.advance(149);
    await settle();
    expect(engine.requests.length).toBe(2);
    clock.advance(1);
    await settle();
    engine.running?.finish();
    expect(brief(await pending)).toBe("generated: ?!");
  });

  test("a question that is superseded while it waits never reaches the engine", async () => {
    const { ask, engine, clock } = await typist();
    const outcomes: Promise<unknown>[] = [];
    for (const text of ["abc", "abcd", "abcde"]) {
      outcomes.push(ask(at(`${text}█`)).then(brief));
      clock.advance(100);
      await settle();
    }
    clock.advance(150);
    await settle();
    engine.running?.finish();
    expect(await Promise.all(outcomes)).toEqual(["superseded", "superseded", "generated: ?!"]);
    expect(engine.requests.map(({ params }) => params.prefixText)).toEqual(["a", "ab", "abcde"]);
  });

  test("a user who asks does not wait", async () => {
    const { ask, engine } = await typist();
    void ask(at("abc█", "invoke"));
    expect(engine.running?.params.prefixText).toBe("abc");
  });

  test("a cached answer and one under way do not wait", async () => {
    const { shown, ask, engine } = await typist();
    expect(await shown(at("a█"))).toBe("cache: ?!");
    const pending = ask(at("x█", "invoke"));
    const attached = ask(at("x?█"));
    engine.running?.finish();
    await pending;
    expect(brief(await attached)).toBe("running: !");
  });
});

/** The first completion ends after `1;`, and what follows is asked for there. */
const STATEMENTS: TextOf = (prefix, suffix) =>
  continues(prefix.length < 10 ? "let a = 1;" : "let a = 1; let b = 2;")(prefix, suffix);

describe("CompletionBroker's prefetch", () => {
  async function showing() {
    const harness = createBroker(STATEMENTS);
    const pending = harness.ask(at("let█"));
    harness.engine.running?.finish();
    const outcome = await pending;
    if (!("suggestion" in outcome)) throw new Error("no suggestion");
    return { ...harness, id: outcome.suggestion.id };
  }

  test("prepares what follows an acceptance", async () => {
    const { broker, engine, shown, id } = await showing();
    broker.accepted(id);
    expect(engine.running?.params.prefixText).toBe("let a = 1;");
    engine.running?.finish();
    await settle();
    expect(await shown(at("let a = 1;█"))).toBe("prefetched:  let b = 2;");
    expect(await shown(at("let a = 1;█", "invoke"))).toBe("cache:  let b = 2;");
    expect(engine.requests.length).toBe(2);
  });

  test("a question for what is being prepared attaches to it", async () => {
    const { broker, engine, ask, id } = await showing();
    broker.accepted(id);
    const pending = ask(at("let a = 1; █"));
    engine.running?.finish();
    expect(brief(await pending)).toBe("running: let b = 2;");
    expect(engine.requests.length).toBe(2);
  });

  test("any other question replaces it", async () => {
    const { broker, engine, ask, id } = await showing();
    broker.accepted(id);
    void ask(at("x█"));
    expect(engine.requests.map(({ wasAborted }) => wasAborted)).toEqual([false, true, false]);
  });

  test("takes what was typed through for accepted in the end", async () => {
    const { broker, engine, shown, id } = await showing();
    expect(await shown(at("let a█"))).toBe("typedThrough:  = 1;");
    broker.accepted(id);
    expect(engine.running?.params.prefixText).toBe("let a = 1;");
  });

  test("guesses an acceptance once a suggestion was on the screen for a while", async () => {
    const { engine, clock, shown } = await showing();
    clock.advance(PREFETCH_IDLE_MS - 1);
    await settle();
    expect(engine.running).toBeUndefined();
    clock.advance(1);
    await settle();
    expect(engine.running?.params.prefixText).toBe("let a = 1;");
    expect(await shown(at("let a = 1█"))).toBe("typedThrough: ;");
    engine.running?.finish();
    await settle();
    expect(await shown(at("let a = 1;█"))).toBe("prefetched:  let b = 2;");
  });

  test("does not guess on a slow engine, nor while the user types", async () => {
    const slow = createBroker(STATEMENTS);
    const pending = slow.ask(at("let█"));
    slow.clock.advance(600);
    slow.engine.running?.finish();
    await pending;
    slow.clock.advance(10_000);
    await settle();
    expect(slow.engine.requests.length).toBe(1);

    const { engine, clock, shown } = await showing();
    for (const marked of ["let █", "let a█", "let a █"]) {
      clock.advance(PREFETCH_IDLE_MS - 1);
      await shown(at(marked));
    }
    expect(engine.requests.length).toBe(1);
  });

  test("does not prepare twice, nor for a suggestion that is not on the screen, nor while a question is open", async () => {
    const { broker, engine, clock, ask, id } = await showing();
    broker.accepted(id + 1);
    expect(engine.requests.length).toBe(1);
    broker.accepted(id);
    broker.accepted(id);
    clock.advance(10_000);
    await settle();
    expect(engine.requests.length).toBe(2);
    engine.running?.finish();
    const open = ask(at("y█"));
    broker.accepted(id);
    expect(engine.running?.params.prefixText).toBe("y");
    engine.running?.finish();
    await open;
  });

  test("prepares the place where the cursor comes to rest, but for a question", async () => {
    const { broker, engine, clock, shown } = createBroker(STATEMENTS);
    broker.prepare(at("let█"));
    broker.prepare(at("let a█"));
    clock.advance(REST_MS);
    await settle();
    expect(engine.requests.map(({ params }) => params.prefixText)).toEqual(["let a"]);
    engine.running?.finish();
    await settle();
    expect(await shown(at("let a█"))).toBe("prefetched:  = 1;");
    broker.prepare(at("let█"));
    await shown(at("let a █"));
    clock.advance(REST_MS);
    await settle();
    expect(engine.requests.length).toBe(1);

    const plain = createBroker(STATEMENTS, false);
    plain.broker.prepare(at("let█"));
    plain.clock.advance(REST_MS);
    await settle();
    expect(plain.engine.requests.length).toBe(0);
  });

  test("a question answered elsewhere frees the engine of it", async () => {
    const { broker, engine, ask, shown, id } = await showing();
    await shown(at("x█", "automatic", "b.ts"));
    await shown(at("let█"));
    broker.accepted(id);
    expect(engine.running).toBeDefined();
    expect(brief(await ask(at("x█", "automatic", "b.ts")))).toBe("empty");
    expect(engine.running).toBeUndefined();
  });

  test("a cancelled question that waited for it frees the engine after the grace", async () => {
    const { broker, engine, clock, ask, id } = await showing();
    broker.accepted(id);
    const controller = new AbortController();
    const pending = ask(at("let a = 1;█"), controller.signal);
    controller.abort();
    await pending;
    clock.advance(ORPHAN_GRACE_MS);
    await settle();
    expect(engine.running).toBeUndefined();
  });
});
