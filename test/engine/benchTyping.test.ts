/** The suite `typing` through the real engine: somebody types, ten times as fast as a person. */
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { TYPING_MODES, type TypingRun } from "../../src/bench/typing/typingFigures.ts";
import { drawnPauses, drawTypingSteps } from "../../src/bench/typing/typingReplay.ts";
import { Terminal } from "../../src/cli/base/terminal.ts";
import { typingSuite } from "../../src/cli/bench/typingSuite.ts";
import { WorkspaceFeed } from "../../src/session/client/workspaceFeed.ts";
import { type Clock, systemClock } from "../../src/session/clock.ts";
import { CLI_PATH, PAIR } from "../support/builtEngine.ts";
import { NEVER } from "../support/never.ts";
import { createClient, ignore, useBuiltEngine } from "../support/useBuiltEngine.ts";

useBuiltEngine();

const SPEED_UP = 10;
/** Timers count whole ms, and may be one early. */
const TIMER_MS = 2 * SPEED_UP;
const fastClock: Clock = {
  now: () => systemClock.now() * SPEED_UP,
  delay: (ms, signal) => systemClock.delay(ms / SPEED_UP, signal),
  every: (ms, listener) => systemClock.every(ms / SPEED_UP, listener),
};

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "treeline-tests-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function open(resume?: string) {
  const client = createClient();
  const models = await client.load(PAIR, ignore, NEVER);
  const stream = { write: () => true };
  const context = {
    terminal: new Terminal(stream, stream, {}),
    cliUrl: `file://${CLI_PATH}`,
    env: {},
    workingFolder: folder,
  };
  const options = { seed: 1, gpu: "off" as const, sessions: 1, ...(resume && { resume }) };
  const session = { client, params: PAIR, models, workspace: new WorkspaceFeed() };
  return { options, context, session };
}

describe("the suite typing", () => {
  test("sees every pause of the script in every mode, and goes on from what it kept", async () => {
    const surroundings = await open("typing.jsonl");
    const suite = typingSuite(fastClock);
    const report = await suite.measure(surroundings, NEVER);
    const drawn = drawnPauses(drawTypingSteps(1000));
    expect(report.numMeasured).toBe(1);
    const { runs } = report.sessions[0]!;
    for (const mode of TYPING_MODES) {
      const { pauses, numGenerations, numPasses } = runs[mode];
      expect(pauses.map(({ step, place, drawnMs }) => ({ step, place, drawnMs }))).toEqual(drawn);
      for (const { drawnMs, pauseMs, ghostMs } of pauses) {
        expect(pauseMs).toBeGreaterThan(drawnMs - TIMER_MS);
        expect(ghostMs ?? 0).toBeLessThanOrEqual(pauseMs);
      }
      expect(numGenerations).toBeGreaterThan(0);
      expect(numPasses).toBeGreaterThan(0);
      // Nothing that had to be asked for is there sooner than the editor asks.
      const asked = pauses.filter(({ ghostMs }) => ghostMs !== null && ghostMs > 0);
      expect(asked.length).toBeGreaterThan(0);
      for (const { ghostMs } of asked) expect(ghostMs).toBeGreaterThan(50 - TIMER_MS);
    }
    // Only the broker's caches know what was typed through.
    const originsOf = ({ pauses }: TypingRun) => new Set(pauses.map(({ origin }) => origin));
    for (const mode of ["promptOnly", "withoutCaches"] as const) {
      for (const origin of ["cache", "typedThrough", "prefetched", "running"]) {
        expect(originsOf(runs[mode])).not.toContain(origin);
      }
    }
    expect(report.figures.withoutCaches.numReusedTokens).toBe(0);
    expect(report.figures.promptOnly.kvReuse).toBeGreaterThan(0.3);

    // Stopped within its last run, it goes on with that one.
    const path = join(folder, "typing.jsonl");
    const lines = (await readFile(path, "utf8")).trimEnd().split("\n");
    expect(lines.length).toBe(1 + TYPING_MODES.length);
    await writeFile(path, `${lines.slice(0, -1).join("\n")}\n{"key":`);
    const again = await suite.measure(surroundings, NEVER);
    expect(again.sessions[0]!.runs.withCaches).toEqual(runs.withCaches);
    expect(again.sessions[0]!.runs.promptOnly).toEqual(runs.promptOnly);
    expect(again.sessions[0]!.runs.withoutCaches).not.toEqual(runs.withoutCaches);
    expect(suite.format(again)).toContain("1 of 1 sessions");
  });

  test("ends without a report where it was stopped before a session was whole", async () => {
    const surroundings = await open();
    const controller = new AbortController();
    const measured = typingSuite(fastClock).measure(surroundings, controller.signal);
    await systemClock.delay(1_500, NEVER);
    controller.abort();
    await expect(measured).rejects.toMatchObject({ name: "AbortError" });
  });

  test("plans 100 pauses of a second or longer in half an hour, and says so", () => {
    const plan = typingSuite().plan?.({ seed: 1, gpu: "off" });
    const [, numSessions, numPauses, numMinutes] =
      /^typing: (\d+) sessions in real time .*, (\d+) pauses of a second or longer: about (\d+) min\./
        .exec(plan ?? "")
        ?.map(Number) ?? [];
    expect(numSessions).toBe(12);
    expect(numPauses).toBeGreaterThanOrEqual(100);
    expect(numMinutes).toBeLessThanOrEqual(30);
  });
});
