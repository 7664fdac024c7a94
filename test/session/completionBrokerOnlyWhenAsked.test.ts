/** A broker that generates for explicit questions only: what others get then, and that nothing is done unasked. */
import { describe, expect, test } from "vitest";
import { LINES_AFTER_MS, ORPHAN_GRACE_MS } from "../../src/session/broker/brokerTimings.ts";
import { at, brief, continues, createBroker, settle } from "../support/brokerHarness.ts";

const CALL = continues("const x = call(y)", "const x = call(y)\nmore");
const OTHERS = (prefix: string) => (prefix === "const x = " ? ["cat()", "dog()"] : []);

function setUp(othersOf?: typeof OTHERS) {
  const harness = createBroker(CALL, true, othersOf, { onlyWhenAsked: true });
  const { clock, engine } = harness;
  /** Long enough for whatever is prepared or waited for. */
  const wait = async () => {
    for (let time = 0; time < 5; time++) {
      clock.advance(1000);
      await settle();
    }
  };
  return { ...harness, wait, numRequests: () => engine.requests.length };
}

describe("CompletionBroker that waits to be asked", () => {
  test("generates nothing and sets no timer while the user types, however fast", async () => {
    const { ask, clock, wait, numRequests } = setUp();
    for (const marked of ["c█", "co█", "con█", "cons█", "const█"]) {
      clock.advance(50);
      expect(brief(await ask(at(marked)))).toBe("notAsked");
      expect(clock.numWaiting).toBe(0);
    }
    await wait();
    expect(numRequests()).toBe(0);
  });

  test("prepares nothing where the cursor rests, nor behind what is shown or accepted", async () => {
    const { broker, shown, clock, wait, numRequests } = setUp();
    broker.prepare(at("const x = █"));
    expect(clock.numWaiting).toBe(0);
    expect(await shown(at("const x = █", "invoke"))).toBe("generated: call(y)");
    expect(clock.numWaiting).toBe(0);
    broker.accepted(1);
    await wait();
    expect(numRequests()).toBe(1);
    expect(await shown(at("const x = call(y)█"))).toBe("notAsked");
    expect(numRequests()).toBe(1);
  });

  test("answers explicit questions with all suggestions, which stay offered while they are typed into", async () => {
    const { ask, engine, wait, numRequests } = setUp(OTHERS);
    const asked = ask(at("const x = █", "invoke"));
    for (let round = 0; round < 2; round++) {
      engine.running?.finish();
      await settle();
    }
    expect(await asked).toMatchObject({
      suggestion: { text: "call(y)", others: ["cat()", "dog()"] },
    });
    expect(await ask(at("const x = c█"))).toMatchObject({
      suggestion: { text: "all(y)", others: ["at()"], origin: "typedThrough" },
    });
    expect(brief(await ask(at("const x = cal█")))).toBe("typedThrough: l(y)");
    await wait();
    expect(numRequests()).toBe(2);
    expect(brief(await ask(at("const x = cx█")))).toBe("notAsked");
    expect(numRequests()).toBe(2);
  });

  test("a key goes on with what was asked for, if it fits", async () => {
    const { ask, engine, numRequests } = setUp();
    void ask(at("const x = █", "invoke"));
    engine.running?.step();
    const typed = ask(at("const x = c█"));
    engine.running?.finish();
    expect(brief(await typed)).toBe("running: all(y)");
    expect(numRequests()).toBe(1);
  });

  test("a key that does not fit ends it, at once or when that shows", async () => {
    for (const numStreamed of [1, 0]) {
      const { ask, engine, numRequests } = setUp();
      void ask(at("const x = █", "invoke"));
      if (numStreamed === 1) engine.running?.step();
      const typed = ask(at("const x = d█"));
      await settle();
      if (numStreamed === 0) engine.running?.step();
      expect(brief(await typed)).toBe("notAsked");
      expect(engine.requests[0]?.wasAborted).toBe(true);
      expect(numRequests()).toBe(1);
    }
  });

  test("the rest of first lines comes once these are taken", async () => {
    const block = continues("if (a) {\n  b();\n  c();\n}");
    const { broker, ask, engine, clock } = createBroker(block, true, undefined, {
      onlyWhenAsked: true,
    });
    const asked = ask(at("if (a) █", "invoke"));
    for (let step = 0; step < 12; step++) engine.running?.step();
    clock.advance(LINES_AFTER_MS);
    expect(brief(await asked)).toBe("generated: {\n  b();");
    broker.accepted(1);
    const rest = ask(at("if (a) {\n  b();█"));
    engine.running?.finish();
    expect(brief(await rest)).toBe("running: \n  c();\n}");
    expect(engine.requests.length).toBe(1);
  });

  test("an answer that came too late is not generated a second time", async () => {
    const { ask, engine, clock, numRequests } = setUp();
    const editor = new AbortController();
    void ask(at("const x = █", "invoke"), editor.signal);
    editor.abort();
    const late = ask(at("const x = █", "again"));
    engine.running?.finish();
    expect(brief(await late)).toBe("running: call(y)");
    expect(brief(await ask(at("let y = █", "again")))).toBe("notAsked");
    clock.advance(ORPHAN_GRACE_MS);
    expect(numRequests()).toBe(1);
  });
});
