import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { PartPace, partLength } from "../../src/llama/target/promptParts.ts";

describe("partLength", () => {
  const partRows = 32;
  /** Where a prompt is cut that is evaluated from a position on. */
  function cutsFrom(start: number, end: number): number[] {
    const cuts: number[] = [];
    for (let at = start; at < end; at += partLength(at, end, partRows)) cuts.push(at);
    return cuts;
  }

  test("cuts at the same positions wherever a prompt is taken up", () => {
    fc.assert(
      fc.property(fc.nat(500), fc.nat(500), (start, more) => {
        const cuts = cutsFrom(start, start + more);
        const fresh = cutsFrom(0, start + more).filter((cut) => cut > start);
        expect(cuts.slice(1)).toEqual(fresh);
        for (const cut of cuts) {
          expect(partLength(cut, start + more, partRows)).toBeLessThanOrEqual(partRows);
        }
      }),
    );
  });
});

describe("PartPace", () => {
  let ms = 0;
  const now = () => ms;

  /** Whether a part of 32 rows is stopped by an abort that long after its beginning. */
  function isStopped(pace: PartPace, afterMs: number): boolean {
    const controller = new AbortController();
    using part = pace.stopSignal(32, controller.signal, now);
    ms += afterMs;
    controller.abort();
    return part.signal.aborted;
  }

  test("stops a part of which nothing is known", () => {
    expect(isStopped(new PartPace(), 0)).toBe(true);
  });

  test("stops a part that would take long, and waits for one that is done within 100 ms", () => {
    const pace = new PartPace();
    pace.record(32, 320);
    expect(isStopped(pace, 0)).toBe(true);
    expect(isStopped(pace, 210)).toBe(true);
    expect(isStopped(pace, 225)).toBe(false);
    // Longer than was expected: it must be about to end.
    expect(isStopped(pace, 400)).toBe(false);
    pace.record(16, 40);
    expect(isStopped(pace, 0)).toBe(false);
  });

  test("of a draft model stops every part at once", () => {
    const pace = new PartPace(false);
    pace.record(32, 32);
    expect([0, 31, 40].map((afterMs) => isStopped(pace, afterMs))).toEqual([true, true, true]);
  });

  test.each([2, 10, 30])(
    "gets a prompt on at %d ms a row, though a key follows every 250 ms",
    (msPerRow) => {
      const pace = new PartPace();
      let numDone = 0;
      let numRequests = 0;
      for (; numDone < 512 && numRequests < 100; numRequests++) {
        const controller = new AbortController();
        const keyAt = ms + 250;
        for (let isStopped = false; !isStopped && numDone < 512 && ms < keyAt; ) {
          const begin = ms;
          using part = pace.stopSignal(32, controller.signal, now);
          const end = ms + 32 * msPerRow;
          if (end > keyAt) {
            ms = keyAt;
            controller.abort();
            isStopped = part.signal.aborted;
          }
          if (isStopped) pace.recordStopped(32, ms - begin);
          else {
            ms = end;
            pace.record(32, ms - begin);
            numDone += 32;
          }
        }
      }
      expect(numDone).toBe(512);
    },
  );

  test("hears nothing of an abort after it", () => {
    const controller = new AbortController();
    const part = new PartPace().stopSignal(8, controller.signal, now);
    part[Symbol.dispose]();
    controller.abort();
    expect(part.signal.aborted).toBe(false);
  });
});
