import { describe, expect, test } from "vitest";
import { Terminal } from "../../src/cli/base/terminal.ts";
import {
  demoSummary,
  ghostText,
  introduction,
  type SpotMeasurement,
  spotFigures,
} from "../../src/cli/demo/demoReport.ts";
import { emptyDecodeStats } from "../../src/core/tree/decodeStats.ts";
import type { CompletionResult } from "../../src/engine/protocol/completeMessages.ts";
import { loadedModels } from "../support/completionResults.ts";

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

/** A place whose runs took so long. */
function measured(
  plainMs: number,
  againMs: number,
  draftedMs: number,
  shown = result(draftedMs),
): SpotMeasurement {
  return {
    plain: [result(plainMs)],
    plainAgain: [result(againMs)],
    drafted: [result(draftedMs)],
    shown,
  };
}

describe("spotFigures", () => {
  test("says who wrote it in how many passes, and how long it took beside plain decoding twice", () => {
    const [who, time] = spotFigures(measured(10, 11, 20, result(20, 3)));
    expect(who).toBe("2 tokens, 2.50 a pass | written by the target 1, recycling 1");
    expect(time).toBe("decoded in 20.0 ms, plainly in 10.0 and 11.0 ms | same text");
  });

  test("says so where the texts differ", () => {
    expect(spotFigures(measured(10, 10, 5, result(5, 0, "a"))).join()).toContain("DIFFERENT TEXT");
  });
});

describe("demoSummary", () => {
  const summary = (...places: SpotMeasurement[]) => demoSummary(places, false).join("\n");

  test("judges all places together, and states a loss with what to do", () => {
    const text = summary(measured(10, 10, 20), measured(10, 10, 40), measured(10, 10, 5));
    expect(text).toContain(
      "65 ms with drafts where they pay, plainly in 30 ms and 30 ms: 0.46x, slower.",
    );
    expect(text).toContain("npx treeline bench");
  });

  test("calls no difference what plain decoding differs from itself", () => {
    expect(summary(measured(10, 12, 9))).toContain("1.22x, faster");
    expect(summary(measured(10, 13, 9))).toContain("1.28x, no difference");
    expect(summary(measured(100, 100, 98))).toContain("1.02x, no difference");
  });

  test("leaves looping outputs out of the tokens a pass", () => {
    const looping = { ...result(5, 100), tokens: Int32Array.from({ length: 12 }, () => 7) };
    const text = summary(measured(5, 5, 5, looping), measured(10, 10, 5, result(5, 1)));
    expect(text).toContain("Tokens a pass: 1.50");
    expect(text).toContain("1 of 2 outputs loop");
  });
});

describe("introduction", () => {
  const textOf = (isBundled: boolean) =>
    introduction(loadedModels(), isBundled)
      .map((part) => (typeof part === "string" ? part : part.text))
      .join("");

  test("begins with what the bundled pair is, and how to have another", () => {
    expect(textOf(true)).toMatch(
      /^This is the bundled demonstration pair.*\n.*npx treeline models recommend\n/,
    );
    expect(textOf(false)).toMatch(/^target target_7b, draft none, cpu\n/);
  });
});

describe("ghostText", () => {
  function printed(prefixText: string, isTTY: boolean, env: NodeJS.ProcessEnv = {}): string {
    let out = "";
    const stdout = { isTTY, write: (text: string) => (out += text) };
    const terminal = new Terminal(stdout, stdout, env);
    terminal.out(...ghostText(prefixText, result(1), terminal.hasColor));
    return out;
  }

  test("marks what was drafted where there are no colors, and ends where the text ends", () => {
    expect(printed("1\n2\n3\n4", false)).toBe("2\n3\n4a‹b›");
  });

  test("colors each token by its source, unless NO_COLOR is set", () => {
    expect(printed("x", true)).toBe(
      "\u001b[2mx\u001b[22m\u001b[33ma\u001b[39m\u001b[32mb\u001b[39m",
    );
    expect(printed("x", true, { NO_COLOR: "1" })).toBe("xa‹b›");
  });

  test("says why there is nothing", () => {
    const nothing = { ...result(1, 0, ""), rejection: "empty" } as const;
    expect(ghostText("", nothing, true).at(-1)).toMatchObject({
      text: "(nothing: nothing of the 2 tokens that it wrote can stand here)",
    });
  });
});
