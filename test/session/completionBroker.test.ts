import { describe, expect, test } from "vitest";
import { EngineError } from "../../src/core/base/errors.ts";
import { ORPHAN_GRACE_MS } from "../../src/session/broker/brokerTimings.ts";
import { at, brief, continues, createBroker, settle } from "../support/brokerHarness.ts";

const CALL = continues("const x = call(y)");

describe("CompletionBroker with a cache", () => {
  test("serves what the user types through, after each key, after a word, and after backspaces", async () => {
    const { shown, engine } = createBroker(CALL);
    expect(await shown(at("const x = █"))).toBe("generated: call(y)");
    expect(await shown(at("const x = c█"))).toBe("typedThrough: all(y)");
    expect(await shown(at("const x = call█"))).toBe("typedThrough: (y)");
    expect(await shown(at("const x = ca█"))).toBe("typedThrough: ll(y)");
    expect(await shown(at("const x = █"))).toBe("cache: call(y)");
    expect(engine.requests.length).toBe(1);
  });

  test("keeps the id while the same completion is on the screen", async () => {
    const { ask, engine } = createBroker(CALL);
    engine.isInstant = true;
    const ids: number[] = [];
    for (const marked of ["const x = █", "const x = c█", "const x = █", "const █"]) {
      const outcome = await ask(at(marked));
      if ("suggestion" in outcome) ids.push(outcome.suggestion.id);
    }
    expect(ids).toEqual([1, 1, 1, 2]);
  });

  test("answers the editor's second call from the cache", async () => {
    const { shown, engine, clock } = createBroker(CALL);
    await shown(at("const x = █"));
    clock.advance(130);
    expect(await shown(at("const x = █", "invoke"))).toBe("cache: call(y)");
    expect(engine.requests.length).toBe(1);
  });

  test("remembers that there is nothing to say", async () => {
    const { shown, engine } = createBroker(CALL);
    expect(await shown(at("let█"))).toBe("empty");
    expect(await shown(at("let█", "invoke"))).toBe("empty");
    expect(engine.requests.length).toBe(1);
  });

  test("says why a completion was refused, each time", async () => {
    const { ask, engine } = createBroker(CALL);
    for (let time = 0; time < 2; time++) {
      const pending = ask(at("a repeatsSuffix█"));
      engine.running?.finish();
      expect(await pending).toEqual({
        noSuggestion: { reason: "rejected", detail: expect.stringContaining("after the cursor") },
      });
    }
    expect(engine.requests.length).toBe(1);
  });

  test("generates again once the text is typed to its end, and where another text is typed", async () => {
    const { shown, engine } = createBroker(continues("ab", "abc", "ax!"));
    expect(await shown(at("█"))).toBe("generated: ab");
    expect(await shown(at("ab█"))).toBe("empty");
    expect(await shown(at("ax█"))).toBe("generated: !");
    expect(engine.requests.length).toBe(3);
  });

  test("forgets one document, or all", async () => {
    const { broker, shown } = createBroker(CALL);
    const other = () => at("const x = █", "invoke", "b.ts");
    await shown(at("const x = █"));
    await shown(other());
    broker.forget("b.ts");
    expect(await shown(other())).toBe("generated: call(y)");
    expect(await shown(at("const x = █"))).toBe("cache: call(y)");
    broker.forget();
    expect(await shown(at("const x = █"))).toBe("generated: call(y)");
  });

  test("reports the time from the question to the answer", async () => {
    const { ask, engine, clock } = createBroker(CALL);
    const pending = ask(at("const █"));
    clock.advance(70);
    engine.running?.finish();
    expect(await pending).toMatchObject({ suggestion: { latencyMs: 70 } });
    expect(await ask(at("const x█"))).toMatchObject({ suggestion: { latencyMs: 0 } });
  });
});

describe("CompletionBroker with a generation under way", () => {
  test("keeps it while the user types what it has streamed, and beyond", async () => {
    const { ask, engine } = createBroker(CALL);
    const first = ask(at("const x = █"));
    engine.running?.step();
    const second = ask(at("const x = c█"));
    const third = ask(at("const x = cal█"));
    engine.running?.finish();
    expect(brief(await first)).toBe("superseded");
    expect(brief(await second)).toBe("superseded");
    expect(brief(await third)).toBe("running: l(y)");
    expect(engine.requests.length).toBe(1);
  });

  test("cancels it at once when the user types another text", async () => {
    const { ask, engine } = createBroker(continues("const x = call(y)", "const x = d()"));
    void ask(at("const x = █"));
    engine.running?.step();
    const second = ask(at("const x = d█"));
    expect(engine.requests.map(({ wasAborted }) => wasAborted)).toEqual([true, false]);
    engine.running?.finish();
    expect(brief(await second)).toBe("generated: ()");
  });

  test("cancels it as soon as it streams another text than was typed ahead of it", async () => {
    const { ask, engine } = createBroker(continues("const x = call(y)", "const x = cd()"));
    void ask(at("const x = █"));
    const second = ask(at("const x = cd█"));
    await settle();
    expect(engine.requests.length).toBe(1);
    engine.running?.step();
    await settle();
    expect(engine.requests.length).toBe(1);
    engine.running?.step();
    await settle();
    expect(engine.requests.map(({ wasAborted }) => wasAborted)).toEqual([true, false]);
    engine.running?.finish();
    expect(brief(await second)).toBe("generated: ()");
  });

  test("generates anew if all of its text, or more, was typed meanwhile", async () => {
    for (const typed of ["ab█", "abc█"]) {
      const { ask, engine } = createBroker((prefix) => (prefix === "" ? "ab" : "!"));
      void ask(at("█"));
      const second = ask(at(typed));
      engine.running?.finish();
      await settle();
      engine.running?.finish();
      expect(brief(await second)).toBe("generated: !");
    }
  });

  test("cancels it for another document, another suffix, or a place before it", async () => {
    const elsewhere = [at("ab█", "automatic", "b.ts"), at("ab█;"), at("a█"), at("xb█")];
    for (const query of elsewhere) {
      const { ask, engine } = createBroker(continues("abcd"));
      void ask(at("ab█"));
      void ask(query);
      expect(engine.requests.map(({ wasAborted }) => wasAborted)).toEqual([true, false]);
    }
  });

  test("a cancelled question leaves it running for the next key, and frees the engine if none comes", async () => {
    const { ask, engine, clock } = createBroker(CALL);
    const controller = new AbortController();
    const first = ask(at("const x = █"), controller.signal);
    controller.abort();
    expect(brief(await first)).toBe("cancelled");
    clock.advance(ORPHAN_GRACE_MS - 1);
    const second = ask(at("const x = c█"));
    clock.advance(ORPHAN_GRACE_MS);
    await settle();
    engine.running?.finish();
    expect(brief(await second)).toBe("running: all(y)");

    const again = new AbortController();
    const third = ask(at("const █"), again.signal);
    again.abort();
    await third;
    clock.advance(ORPHAN_GRACE_MS);
    await settle();
    expect(engine.running).toBeUndefined();
  });

  test("forgetting its document ends it", async () => {
    const { broker, ask, engine } = createBroker(CALL);
    const pending = ask(at("const █"));
    broker.forget("b.ts");
    expect(engine.running).toBeDefined();
    broker.forget("a.ts");
    expect(engine.running).toBeUndefined();
    expect(brief(await pending)).toBe("cancelled");
  });
});

describe("CompletionBroker without caches", () => {
  test("generates every time and ends each generation with its question", async () => {
    const { broker, ask, shown, engine, clock } = createBroker(CALL, false);
    expect(await shown(at("const x = █"))).toBe("generated: call(y)");
    expect(await shown(at("const x = █", "invoke"))).toBe("generated: call(y)");
    expect(await shown(at("const x = c█"))).toBe("generated: all(y)");
    const controller = new AbortController();
    const pending = ask(at("const x = c█"), controller.signal);
    controller.abort();
    expect(brief(await pending)).toBe("cancelled");
    expect(engine.running).toBeUndefined();
    void ask(at("const x = c█"));
    void ask(at("const x = ca█"));
    expect(engine.requests.at(-2)?.wasAborted).toBe(true);
    engine.running?.finish();
    broker.accepted(3);
    clock.advance(10_000);
    await settle();
    expect(engine.running).toBeUndefined();
  });
});

describe("CompletionBroker's failures", () => {
  test.each([
    [new EngineError("notLoaded", "No model is loaded."), "noModel"],
    [new EngineError("engineCrashed", "The engine crashed."), "engineFailed"],
    [new RangeError("a bug"), "engineFailed"],
    [new DOMException("The engine was restarted.", "AbortError"), "cancelled"],
  ])("are outcomes: %s", async (error, reason) => {
    const { ask, shown, engine } = createBroker(CALL);
    const pending = ask(at("const █"));
    engine.running?.fail(error);
    expect(await pending).toEqual({ noSuggestion: { reason, detail: error.message } });
    expect(await shown(at("const █"))).toBe("generated: x = call(y)");
  });

  test("an engine that throws at once is an outcome, too", async () => {
    const { ask, engine } = createBroker(() => {
      throw new Error("cannot send");
    });
    expect(brief(await ask(at("a█")))).toBe("engineFailed");
    expect(engine.running).toBeUndefined();
  });

  test("dispose answers what is pending and everything later", async () => {
    const { broker, ask, engine } = createBroker(CALL);
    const pending = ask(at("const █"));
    broker[Symbol.dispose]();
    expect(brief(await pending)).toBe("cancelled");
    expect(engine.running).toBeUndefined();
    expect(brief(await ask(at("const █")))).toBe("cancelled");
    broker[Symbol.dispose]();
  });
});
