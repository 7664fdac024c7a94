import { describe, expect, test } from "vitest";
import { LINES_AFTER_MS } from "../../src/session/broker/brokerTimings.ts";
import { at, brief, continues, createBroker, settle } from "../support/brokerHarness.ts";

const BOUND = { minConfidence: 0.25 };
const DOUBTFUL = continues("const a = b(); // 20 %");
const SURE = continues("const a = b(); // 30 %");

describe("CompletionBroker with a least confidence", () => {
  test("withholds lines below it, says why, and shows what is above", async () => {
    const { ask, engine } = createBroker(DOUBTFUL, true, undefined, BOUND);
    const pending = ask(at("const a = █"));
    engine.running?.finish();
    const outcome = await pending;
    expect(brief(outcome)).toBe("unsure");
    expect(outcome).toMatchObject({
      noSuggestion: { detail: expect.stringContaining("20 % sure of its line") },
    });
    const sure = createBroker(SURE, true, undefined, BOUND);
    expect(await sure.shown(at("const a = █"))).toBe("generated: b(); // 30 %");
  });

  test("shows all where it is not known how sure the model is", async () => {
    const { shown } = createBroker(continues("const a = b();"), true, undefined, BOUND);
    expect(await shown(at("const a = █"))).toBe("generated: b();");
  });

  test("shows what it withheld to who asks, without generating it again", async () => {
    const { ask, engine, shown } = createBroker(DOUBTFUL, true, undefined, BOUND);
    expect(await shown(at("const a = █"))).toBe("unsure");
    expect(brief(await ask(at("const a = █", "invoke")))).toBe("cache: b(); // 20 %");
    expect(engine.requests.length).toBe(1);
  });

  test("does not withhold at the next key what was shown to who asked, with others or without", async () => {
    for (const othersOf of [undefined, () => ["c();", "b() + 1;"]]) {
      const { ask, engine, shown } = createBroker(DOUBTFUL, true, othersOf, BOUND);
      expect(await shown(at("const a = █"))).toBe("unsure");
      const asked = ask(at("const a = █", "invoke"));
      await settle();
      engine.running?.finish();
      expect(brief(await asked)).toBe("cache: b(); // 20 %");
      expect(brief(await ask(at("const a = b█")))).toBe("typedThrough: (); // 20 %");
    }
  });

  test("shows done lines of a doubtful first one once three characters of it were typed", async () => {
    const text = continues("if (a) {\n  b(); // 20 %\n  c();\n}");
    const { ask, engine, clock } = createBroker(text, true, undefined, BOUND);
    void ask(at("if (a) █"));
    for (let i = 0; i < 22; i++) engine.running?.step();
    clock.advance(LINES_AFTER_MS);
    const pending = ask(at("if (a) {\n █"));
    await settle();
    clock.advance(LINES_AFTER_MS);
    expect(brief(await pending)).toBe("running:  b(); // 20 %");
  });

  test("shows the rest once three characters of it were typed", async () => {
    const { ask, shown } = createBroker(DOUBTFUL, true, undefined, BOUND);
    expect(await shown(at("const a = █"))).toBe("unsure");
    expect(brief(await ask(at("const a = b(█")))).toBe("unsure");
    expect(brief(await ask(at("const a = b()█")))).toBe("typedThrough: ; // 20 %");
  });

  test("does not show lines that are done before the rest where the first is doubtful", async () => {
    for (const [percent, expected] of [
      [20, "none"],
      [30, `generated: {\n  b(); // 30 %`],
    ] as const) {
      const text = continues(`if (a) {\n  b(); // ${percent} %\n  c();\n}`);
      const { ask, engine, clock } = createBroker(text, true, undefined, BOUND);
      const pending = ask(at("if (a) █"));
      for (let i = 0; i < 22; i++) engine.running?.step();
      clock.advance(LINES_AFTER_MS);
      await settle();
      const outcome = await Promise.race([pending, settle().then(() => undefined)]);
      expect(outcome === undefined ? "none" : brief(outcome)).toBe(expected);
      engine.running?.finish();
    }
  });
});
