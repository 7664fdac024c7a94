import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { BEAT_MS } from "../../src/engine/protocol/beatMessages.ts";
import { EngineWatch, TICK_MS } from "../../src/session/client/engineWatch.ts";
import {
  BENCHMARK,
  BUSY_MS,
  CANCEL_BUSY_MS,
  COMPLETION,
  FIRST_COMPLETION,
  IDLE_MS,
  INDEXING,
  LOAD,
  LOAD_CANCEL_GRACE_MS,
  LOAD_CANCEL_IDLE_MS,
  LOAD_IDLE_MS,
  LOAD_SILENT_MS,
  QUESTION,
  SILENT_MS,
  START,
  START_TIMEOUT_MS,
  UNLOAD,
} from "../../src/session/client/patience.ts";
import { FakeClock } from "../support/clock.ts";
import { NEVER } from "../support/never.ts";

const HOUR_MS = 3_600_000;
/** What a beat costs by itself, and what a load from a slow drive uses besides. */
const IDLE_SHARE = 0.001;

/** What an engine does between two beats. */
interface Life {
  readonly cpuShare?: number;
  readonly numReads?: number;
  /** Called with each beat. */
  readonly onBeat?: () => void;
}

function setUp() {
  const clock = new FakeClock();
  const findings: string[] = [];
  const watch = new EngineWatch(clock, (finding) => findings.push(finding));
  let cpuMs = 0;
  let numReads = 0;
  /** Lets the engine live for some time. */
  const live = (ms: number, life: Life = {}) => {
    for (let lived = 0; lived < ms; lived += BEAT_MS) {
      clock.advance(BEAT_MS);
      cpuMs += (life.cpuShare ?? IDLE_SHARE) * BEAT_MS;
      numReads += life.numReads ?? 0;
      watch.heard();
      watch.beat({ atMs: clock.now(), cpuMs, numReads });
      life.onBeat?.();
    }
  };
  return { clock, findings, watch, live };
}

/** Past the limit: beats are so far apart, and a tick later it is sure. */
const LATER_MS = 2 * BEAT_MS + 2 * TICK_MS;

describe("EngineWatch", () => {
  test.each([
    ["question", QUESTION, SILENT_MS],
    ["unload", UNLOAD, SILENT_MS],
    ["load", LOAD, LOAD_SILENT_MS],
    ["completion", COMPLETION, SILENT_MS],
    ["first completion", FIRST_COMPLETION, SILENT_MS],
    ["benchmark", BENCHMARK, LOAD_SILENT_MS],
    ["index", INDEXING, SILENT_MS],
    ["handshake", START, START_TIMEOUT_MS],
  ])("ends an engine that says nothing in a %s", (_name, patience, limitMs) => {
    const { clock, findings, watch } = setUp();
    watch.begin(patience, NEVER);
    clock.advance(limitMs);
    expect(findings).toEqual([]);
    clock.advance(TICK_MS);
    expect(findings).toEqual([`gave no sign of life for ${limitMs / 1000} s`]);
    clock.advance(HOUR_MS);
    expect(findings).toHaveLength(1);
  });

  test("looks at no clock while nobody waits, and begins anew", () => {
    const { clock, findings, watch } = setUp();
    for (let i = 0; i < 5; i++) {
      const watched = watch.begin(QUESTION, NEVER);
      clock.advance(SILENT_MS - TICK_MS);
      watched[Symbol.dispose]();
      expect(clock.numWaiting).toBe(0);
      clock.advance(HOUR_MS);
    }
    expect(findings).toEqual([]);
  });

  test("a load goes on for as long as it gets further, however slowly", () => {
    const ways: Record<string, (load: { progressed(): void }) => Life> = {
      reading: () => ({ numReads: 1 }),
      computing: () => ({ cpuShare: 0.05 }),
      // As rarely as can be, and nothing else.
      progress: (load) => {
        let numBeats = 0;
        const rare = Math.floor(LOAD_IDLE_MS / BEAT_MS) - 2;
        return { onBeat: () => void (++numBeats % rare === 0 && load.progressed()) };
      },
    };
    for (const [way, lifeOf] of Object.entries(ways)) {
      const { findings, watch, live } = setUp();
      live(
        way === "computing" ? BUSY_MS - LATER_MS : 10 * HOUR_MS,
        lifeOf(watch.begin(LOAD, NEVER)),
      );
      expect(findings, way).toEqual([]);
    }
  });

  test("a load that only beats hangs, as does one that spins", () => {
    for (const [life, limitMs, finding] of [
      [{}, LOAD_IDLE_MS, "neither computed nor read anything for 300 s"],
      [{ cpuShare: 1 }, BUSY_MS, "got no further for 1800 s"],
    ] as const) {
      const { findings, watch, live } = setUp();
      watch.begin(LOAD, NEVER);
      live(limitMs - LATER_MS, life);
      expect(findings).toEqual([]);
      live(2 * LATER_MS, life);
      expect(findings).toEqual([finding]);
    }
  });

  test("never ends an engine that keeps within every limit", () => {
    const gap = (maxMs: number) => fc.integer({ min: 1, max: (maxMs - TICK_MS) / TICK_MS });
    const steps = fc.array(
      fc.record({ silentTicks: gap(SILENT_MS), kind: fc.constantFrom("progress", "reads", "cpu") }),
      { minLength: 1, maxLength: 100 },
    );
    fc.assert(
      fc.property(steps, (all) => {
        const { clock, findings, watch } = setUp();
        const request = watch.begin(COMPLETION, NEVER);
        let [cpuMs, numReads] = [0, 0];
        const beat = () => watch.beat({ atMs: clock.now(), cpuMs, numReads });
        for (const { silentTicks, kind } of all) {
          beat();
          clock.advance(silentTicks * TICK_MS);
          watch.heard();
          if (kind === "progress") request.progressed();
          else if (kind === "reads") numReads++;
          else cpuMs += 0.03 * silentTicks * TICK_MS;
          beat();
        }
        expect(findings).toEqual([]);
      }),
    );
  });

  test("time in which this process did not run does not count", () => {
    const { clock, findings, watch } = setUp();
    watch.begin(COMPLETION, NEVER);
    clock.advance(SILENT_MS - 4 * TICK_MS);
    // A laptop sleeps, or a debugger stops the host: the clock jumps.
    clock.jump(8 * HOUR_MS);
    expect(findings).toEqual([]);
    clock.jump(8 * HOUR_MS);
    // What came in the meantime is read after the first look at the clock.
    watch.heard();
    clock.advance(SILENT_MS);
    expect(findings).toEqual([]);
    clock.advance(2 * TICK_MS);
    expect(findings).toHaveLength(1);
  });

  test("a message that waited to be read saves an engine that a late look found silent", () => {
    const { clock, findings, watch } = setUp();
    watch.begin(COMPLETION, NEVER);
    clock.advance(SILENT_MS - TICK_MS);
    clock.jump(HOUR_MS);
    watch.heard();
    clock.advance(SILENT_MS - TICK_MS);
    expect(findings).toEqual([]);
  });

  test("a cancelled completion is answered soon, the first one when its shaders are built", () => {
    for (const [patience, graceMs] of [
      [COMPLETION, CANCEL_BUSY_MS],
      [FIRST_COMPLETION, LOAD_CANCEL_GRACE_MS],
    ] as const) {
      const { findings, watch, live } = setUp();
      const controller = new AbortController();
      const { progressed } = watch.begin(patience, controller.signal);
      live(HOUR_MS / 4, { cpuShare: 1 });
      controller.abort();
      live(graceMs - BEAT_MS, { cpuShare: 1, onBeat: progressed });
      expect(findings).toEqual([]);
      live(LATER_MS, { cpuShare: 1, onBeat: progressed });
      expect(findings).toEqual([`did not answer a cancel within ${graceMs / 1000} s`]);
    }
  });

  test("a cancelled load may end its read, and is not waited for when it does nothing", () => {
    for (const [life, graceMs] of [
      [{}, LOAD_CANCEL_IDLE_MS],
      [{ numReads: 1 }, LOAD_CANCEL_GRACE_MS],
    ] as const) {
      const { findings, watch, live } = setUp();
      const controller = new AbortController();
      watch.begin(LOAD, controller.signal);
      live(LOAD_IDLE_MS / 2);
      controller.abort();
      live(graceMs - LATER_MS, life);
      expect(findings).toEqual([]);
      live(2 * LATER_MS, life);
      expect(findings).toHaveLength(1);
    }
  });

  test("jobs are judged one after another, each from when the one before ended", () => {
    const { findings, watch, live } = setUp();
    const load = watch.begin(LOAD, NEVER);
    live(BEAT_MS);
    const completion = watch.begin(COMPLETION, NEVER);
    // The load goes by its own limits, as one that a newer job has cancelled.
    live(LOAD_CANCEL_IDLE_MS - LATER_MS);
    expect(findings).toEqual([]);
    load[Symbol.dispose]();
    live(IDLE_MS - LATER_MS);
    expect(findings).toEqual([]);
    live(2 * LATER_MS);
    expect(findings).toHaveLength(1);
    completion[Symbol.dispose]();
  });

  test("a newer job cancels one that spins", () => {
    const { findings, watch, live } = setUp();
    watch.begin(COMPLETION, NEVER);
    live(HOUR_MS / 4, { cpuShare: 1 });
    watch.begin(COMPLETION, NEVER);
    live(CANCEL_BUSY_MS + LATER_MS, { cpuShare: 1 });
    expect(findings).toEqual(["did not answer a cancel within 60 s"]);
  });

  test("a job that waits is not judged, though it was cancelled", () => {
    const { findings, watch, live } = setUp();
    watch.begin(LOAD, NEVER);
    const controller = new AbortController();
    watch.begin(COMPLETION, controller.signal);
    controller.abort();
    live(LOAD_CANCEL_IDLE_MS - LATER_MS);
    expect(findings).toEqual([]);
  });

  test("neither questions nor the index put the end of a hung job off", () => {
    const { findings, watch, live } = setUp();
    watch.begin(INDEXING, NEVER);
    watch.begin(COMPLETION, NEVER);
    live(IDLE_MS + LATER_MS, { onBeat: () => watch.begin(QUESTION, NEVER)[Symbol.dispose]() });
    expect(findings).toHaveLength(1);
  });

  test("an index waits for a disk for as long as it takes, a question does not", () => {
    const { findings, watch, live } = setUp();
    watch.begin(INDEXING, NEVER);
    live(HOUR_MS);
    expect(findings).toEqual([]);
    watch.begin(QUESTION, NEVER);
    live(IDLE_MS + LATER_MS);
    expect(findings).toHaveLength(1);
  });
});
