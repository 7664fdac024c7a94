import { describe, expect, test } from "vitest";
import { Terminal } from "../../src/cli/base/terminal.ts";
import { demoSummary, ghostText, spotFigures } from "../../src/cli/demo/demoReport.ts";
import { emptyDecodeStats } from "../../src/core/tree/decodeStats.ts";
import type { CompletionResult } from "../../src/engine/protocol/completeMessages.ts";

function result(decodeMs: number, numAcceptedTokens = 0, text = "ab"): CompletionResult {
  return {
    text,
    tokens: Int32Array.of(1, 2),
    pieces: ["a", "bc"],
    tokenSources: Uint8Array.of(0, 1),
    logProbs: new Float32Array(2),
    finishReason: "stopRule",
    stats: {
      ...emptyDecodeStats(),
      numSteps: 2,
      numAcceptedTokens,
      numCommittedTokens: 2 + numAcceptedTokens,
    },
    timings: {
      totalMs: decodeMs + 1,
      firstTokenMs: 1,
      decodeMs,
      promptMs: 0,
      prefillMs: 0,
      beginMs: 0,
    },
  };
}

describe("spotFigures", () => {
  test("says so where speculation is slower", () => {
    const figures = spotFigures({ plain: [result(10)], speculative: [result(20, 3)] });
    expect(figures).toContain("acceptance length 2.50 incl. bonus");
    expect(figures).toContain("SLOWER than plain: 0.50x");
    expect(figures).toContain("identical text");
  });

  test("says so where the texts differ", () => {
    const figures = spotFigures({ plain: [result(10)], speculative: [result(5, 0, "a")] });
    expect(figures).toContain("2.00x");
    expect(figures).toContain("DIFFERENT TEXT");
  });
});

describe("demoSummary", () => {
  test("takes the median of the ratios and states a loss", () => {
    const lines = demoSummary([
      { plain: [result(10)], speculative: [result(20)] },
      { plain: [result(10)], speculative: [result(40)] },
      { plain: [result(10)], speculative: [result(5)] },
    ]).join("\n");
    expect(lines).toContain("against plain: 0.50x");
    expect(lines).toContain("slower than plain decoding on this machine");
    expect(lines).toContain("looping outputs: 0 of 3");
  });

  test("leaves looping outputs out of the acceptance length", () => {
    const looping = { ...result(5, 100), tokens: Int32Array.from({ length: 12 }, () => 7) };
    const lines = demoSummary([
      { plain: [looping], speculative: [looping] },
      { plain: [result(10)], speculative: [result(5, 1)] },
    ]).join("\n");
    expect(lines).toContain("do not loop: 1.50 incl. bonus");
    expect(lines).toContain("looping outputs: 1 of 2");
  });
});

describe("ghostText", () => {
  function printed(prefixText: string, isTTY: boolean, env: NodeJS.ProcessEnv = {}): string {
    let out = "";
    const stdout = { isTTY, write: (text: string) => (out += text) };
    new Terminal(stdout, stdout, env).out(...ghostText(prefixText, result(1)));
    return out;
  }

  test("is plain text where no person reads it, and ends where the text ends", () => {
    expect(printed("1\n2\n3\n4", false)).toBe("2\n3\n4ab");
  });

  test("colors each token by its source, unless NO_COLOR is set", () => {
    expect(printed("x", true)).toBe(
      "\u001b[2mx\u001b[22m\u001b[33ma\u001b[39m\u001b[32mb\u001b[39m",
    );
    expect(printed("x", true, { NO_COLOR: "1" })).toBe("xab");
  });
});
