/** What was learned of a workspace, on a real disk: it comes back whole, and only where it belongs. */
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { nullLog } from "../../src/core/base/log.ts";
import { MeasuredPolicy } from "../../src/core/budget/measuredPolicy.ts";
import { PassCostTable } from "../../src/core/budget/passCost.ts";
import { PrivateFiles } from "../../src/engine/base/privateFiles.ts";
import { ACCEPTANCE_BLOB, RECYCLING_BLOB } from "../../src/engine/learned/learnedState.ts";
import { newLearnedState } from "../support/learnedStates.ts";

const VOCAB_SIZE = 64;
const TEXT = Int32Array.of(1, 2, 3, 1, 2, 4);

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "treeline-learned-"));
});

afterEach(() => rm(folder, { recursive: true, force: true }));

const filesIn = (name: string) => new PrivateFiles(join(folder, name), nullLog);
const newPolicy = () => new MeasuredPolicy(new PassCostTable([{ numRows: 1, ms: 1 }], 8));

/** A state that learned a text and was kept. */
async function keep(name: string, options: Parameters<typeof newLearnedState>[2] = {}) {
  const state = newLearnedState(VOCAB_SIZE, undefined, {
    policy: newPolicy(),
    keepAfterMs: 0,
    ...options,
  });
  await state.moveTo(filesIn(name));
  state.recycling.learnFile(TEXT);
  state.learned();
  await vi.waitFor(async () => expect(await readdir(join(folder, name))).toHaveLength(2));
  return state;
}

const follows = (state: ReturnType<typeof newLearnedState>) =>
  Array.from(state.recycling.find([1])?.tokens ?? []);

/** It has no mode bits. */
const isWindows = process.platform === "win32";

describe("LearnedState", () => {
  test("comes back in the next session, readable by its user alone", async () => {
    await keep("a");
    for (const name of await readdir(join(folder, "a"))) {
      if (isWindows) continue;
      expect((await stat(join(folder, "a", name))).mode & 0o777).toBe(0o600);
    }
    const next = newLearnedState(VOCAB_SIZE);
    await next.moveTo(filesIn("a"));
    expect(follows(next)).toEqual([2]);
  });

  test("does not follow the user into another workspace, nor come back with other models", async () => {
    const state = await keep("a");
    await state.moveTo(filesIn("b"));
    expect(follows(state)).toEqual([]);
    const told: string[] = [];
    const other = newLearnedState(VOCAB_SIZE, undefined, {
      tokenizerHash: "other",
      modelsKey: "others",
      policy: newPolicy(),
      log: (_level, message) => told.push(message),
    });
    await other.moveTo(filesIn("a"));
    expect(follows(other)).toEqual([]);
    expect(told).toEqual([
      expect.stringContaining("recycling store not restored"),
      expect.stringContaining("acceptance not restored"),
    ]);
  });

  test("is not restored from damaged files, which are replaced by the next", async () => {
    await keep("a");
    for (const name of await readdir(join(folder, "a"))) {
      const path = join(folder, "a", name);
      const bytes = await readFile(path);
      bytes[bytes.length >> 1]! ^= 0xff;
      await writeFile(path, bytes);
    }
    const next = newLearnedState(VOCAB_SIZE, undefined, { policy: newPolicy() });
    await next.moveTo(filesIn("a"));
    expect(follows(next)).toEqual([]);
    await keep("a");
    await vi.waitFor(async () => {
      const third = newLearnedState(VOCAB_SIZE);
      await third.moveTo(filesIn("a"));
      expect(follows(third)).toEqual([2]);
    });
  });

  test("forgets all at once, and keeps nothing after", async () => {
    const state = newLearnedState(VOCAB_SIZE, undefined, { policy: newPolicy(), keepAfterMs: 5 });
    const files = filesIn("a");
    await state.moveTo(files);
    state.recycling.learnFile(TEXT);
    state.ghosts.remember("a.ts", TEXT, TEXT);
    state.learned();
    state.forget();
    expect([follows(state), state.ghosts.ghostsOf("a.ts")]).toEqual([[], []]);
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect(await files.load(RECYCLING_BLOB)).toBeUndefined();
    expect(await files.load(ACCEPTANCE_BLOB)).toBeUndefined();
  });
});
