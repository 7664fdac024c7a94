import { describe, expect, test } from "vitest";
import { ControlRuns } from "../../src/core/budget/controlRuns.ts";

/** Drafts until a run is due; how many steps that took. */
function draftUntilRun(control: ControlRuns, speed: number): number {
  let count = 0;
  while (!control.isRunning) {
    control.drafted(speed);
    count++;
  }
  return count;
}

/** Plain steps until there is a median. */
function finishRun(control: ControlRuns, passMs = 10): number | undefined {
  for (let step = 0; step < 20; step++) {
    const median = control.plain(passMs);
    if (median !== undefined) return median;
  }
  return undefined;
}

describe("ControlRuns", () => {
  test("come soon at first, then seldom, and most seldom where drafts clearly pay", () => {
    const gapsAt = (speed: number) => {
      const control = new ControlRuns();
      return Array.from({ length: 7 }, () => {
        const gap = draftUntilRun(control, speed);
        finishRun(control);
        return gap;
      });
    };
    expect(gapsAt(1.1)).toEqual([16, 32, 64, 128, 128, 128, 128]);
    expect(gapsAt(2)).toEqual([16, 64, 256, 512, 512, 512, 512]);
  });

  test("drafts that pay no longer clearly are looked at more often again", () => {
    const control = new ControlRuns();
    for (let run = 0; run < 4; run++) {
      draftUntilRun(control, 2);
      finishRun(control);
    }
    draftUntilRun(control, 1);
    finishRun(control);
    expect(draftUntilRun(control, 1)).toBe(128);
  });

  test("a run takes the median of three passes, the one behind the drafts left out", () => {
    const control = new ControlRuns();
    draftUntilRun(control, 1);
    expect([90, 10, 50, 12].map((ms) => control.plain(ms))).toEqual([
      undefined,
      undefined,
      undefined,
      12,
    ]);
    expect(control.isRunning).toBe(false);
  });

  test("the first pass of a generation is left out, and a run goes on in the next", () => {
    const control = new ControlRuns();
    draftUntilRun(control, 1);
    expect([90, 10].map((ms) => control.plain(ms))).toEqual([undefined, undefined]);
    control.started();
    expect(control.isRunning).toBe(true);
    expect([90, 11, 12].map((ms) => control.plain(ms))).toEqual([undefined, undefined, 11]);
  });

  test("one can be asked for, and is fresh for as many steps as come before the first", () => {
    const control = new ControlRuns();
    expect(control.isFresh).toBe(false);
    control.begin();
    expect(control.isRunning).toBe(true);
    finishRun(control);
    for (let step = 0; step < 16; step++) {
      expect(control.isFresh).toBe(true);
      control.drafted(2);
    }
    control.drafted(2);
    expect(control.isFresh).toBe(false);
  });

  test("plain steps tell as much where nobody drafts, and then no run is due", () => {
    const control = new ControlRuns();
    for (let step = 0; step < 15; step++) control.drafted(1);
    expect(finishRun(control, 7)).toBe(7);
    expect(finishRun(control, 8)).toBe(8);
    control.drafted(1);
    expect(control.isRunning).toBe(false);
  });
});
