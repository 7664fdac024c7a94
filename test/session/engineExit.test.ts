import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { describeExit, StderrTail } from "../../src/session/client/engineExit.ts";
import { hostileText, unseenIn } from "../support/hostileText.ts";
import { NUM_RUNS } from "../support/numRuns.ts";

describe("describeExit", () => {
  test("repeats the engine's last words as one short line", () => {
    fc.assert(
      fc.property(hostileText(), (text) => {
        const tail = new StderrTail();
        tail.append(`CUDA error: ${text}`);
        const exit = { code: null, signal: "SIGSEGV", lastStderrLine: tail.lastLine };
        const words = describeExit(exit);
        expect(unseenIn(words)).toEqual([]);
        expect(words.length).toBeLessThan(250);
        expect(words).toMatch(/^signal SIGSEGV; its last words were ".*"$/);
      }),
      { numRuns: NUM_RUNS },
    );
  });
});
