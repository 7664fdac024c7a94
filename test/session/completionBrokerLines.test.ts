import { describe, expect, test } from "vitest";
import { LINES_AFTER_MS, MORE_LINES_MS } from "../../src/session/broker/brokerTimings.ts";
import { at, brief, continues, createBroker, settle } from "../support/brokerHarness.ts";

const BLOCK = continues("if (a) {\n  b();\n  c();\n}");

/** Streams until the fake engine has sent this text. */
function stream(engine: ReturnType<typeof createBroker>["engine"], text: string): void {
  for (let i = 0; i < text.length; i++) engine.running?.step();
}

describe("CompletionBroker with lines that are done", () => {
  test("shows them after a while, and the rest once it is there", async () => {
    const { ask, engine, clock } = createBroker(BLOCK);
    const first = ask(at("if (a) █"));
    stream(engine, "{\n  b();\n  c");
    clock.advance(LINES_AFTER_MS);
    const outcome = await first;
    expect(brief(outcome)).toBe("generated: {\n  b();");
    expect(outcome).toMatchObject({ suggestion: { isWhole: false, id: 1 } });
    const second = ask(at("if (a) █", "invoke"));
    clock.advance(MORE_LINES_MS);
    expect(brief(await second)).toBe("running: {\n  b();");
    engine.running?.finish();
    await settle();
    const third = await ask(at("if (a) █", "invoke"));
    expect(brief(third)).toBe("cache: {\n  b();\n  c();\n}");
    expect(third).toMatchObject({ suggestion: { isWhole: true, id: 1 } });
    expect(engine.requests.length).toBe(1);
  });

  test("their result comes with the end, and is undefined if there is none", async () => {
    for (const isFinished of [true, false]) {
      const { ask, engine, clock, broker } = createBroker(BLOCK);
      const first = ask(at("if (a) █"));
      stream(engine, "{\n  b");
      clock.advance(LINES_AFTER_MS);
      const outcome = await first;
      if (isFinished) engine.running?.finish();
      else broker.forget();
      const result = "suggestion" in outcome ? await outcome.suggestion.result : undefined;
      expect(result?.text).toBe(isFinished ? "{\n  b();\n  c();\n}" : undefined);
    }
  });

  test("does not show a line that is not done, nor blank ones", async () => {
    const { ask, engine, clock } = createBroker(continues("x\n\n  y();\n  z();"));
    const pending = ask(at("x█"));
    stream(engine, "\n\n  y(");
    clock.advance(LINES_AFTER_MS);
    await settle();
    const before = await Promise.race([pending, settle().then(() => "none")]);
    expect(before).toBe("none");
    stream(engine, ");\n");
    expect(brief(await pending)).toBe("generated: \n\n  y();");
  });

  test("waits for the end where that comes first", async () => {
    const { ask, engine, clock } = createBroker(BLOCK);
    const pending = ask(at("if (a) █"));
    stream(engine, "{\n  b");
    clock.advance(LINES_AFTER_MS - 1);
    engine.running?.finish();
    expect(brief(await pending)).toBe("generated: {\n  b();\n  c();\n}");
  });

  test("serves what is left of them while the user types, and goes on with the same generation", async () => {
    const { ask, engine, clock } = createBroker(BLOCK);
    const first = ask(at("if (a) █"));
    stream(engine, "{\n  b();\n  c");
    clock.advance(LINES_AFTER_MS);
    await first;
    const second = ask(at("if (a) {█"));
    clock.advance(MORE_LINES_MS);
    expect(brief(await second)).toBe("running: \n  b();");
    expect(engine.requests.length).toBe(1);
    expect(engine.running).toBeDefined();
  });

  test("an acceptance of them keeps the generation, whose rest follows", async () => {
    const { ask, broker, engine, clock } = createBroker(BLOCK);
    const first = ask(at("if (a) █"));
    stream(engine, "{\n  b();\n  c");
    clock.advance(LINES_AFTER_MS);
    const outcome = await first;
    if ("suggestion" in outcome) broker.accepted(outcome.suggestion.id);
    await settle();
    expect(engine.requests.length).toBe(1);
    const next = ask(at("if (a) {\n  b();█"));
    engine.running?.finish();
    expect(brief(await next)).toBe("running: \n  c();\n}");
  });

  test("without caches the whole text is waited for", async () => {
    const { ask, engine, clock } = createBroker(BLOCK, false);
    const pending = ask(at("if (a) █"));
    stream(engine, "{\n  b();\n  c");
    clock.advance(10 * LINES_AFTER_MS);
    await settle();
    engine.running?.finish();
    expect(brief(await pending)).toBe("generated: {\n  b();\n  c();\n}");
  });
});
