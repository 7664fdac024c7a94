import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { CliError } from "../../src/cli/base/cliError.ts";
import { ResumeFile } from "../../src/cli/bench/resumeFile.ts";

interface Result {
  readonly key: string;
  readonly text: string;
}
const SETTINGS = { what: "accuracy", seed: 1, draft: null };

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "treeline-tests-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const open = (path: string | undefined, settings: typeof SETTINGS = SETTINGS) =>
  ResumeFile.open<Result>(path, settings);

describe("ResumeFile", () => {
  test("has what was added before, wherever in a line a run was stopped", async () => {
    const path = join(folder, "whole.jsonl");
    const results = [1, 2, 3].map((number) => ({ key: `k${number}`, text: `ä\n"${number}` }));
    const first = await open(path);
    expect(first.done.size).toBe(0);
    for (const result of results) await first.add(result);
    const bytes = await readFile(path);
    const lastStart = bytes.lastIndexOf(0x0a, bytes.length - 2) + 1;
    for (let end = lastStart; end <= bytes.length; end++) {
      const cut = join(folder, "cut.jsonl");
      await writeFile(cut, bytes.subarray(0, end));
      const again = await open(cut);
      const numKept = end === bytes.length ? 3 : 2;
      expect([...again.done.values()]).toEqual(results.slice(0, numKept));
      // What comes next does not join a broken line.
      await again.add({ key: "next", text: "" });
      expect([...(await open(cut)).done.keys()]).toEqual([
        ...results.slice(0, numKept).map(({ key }) => key),
        "next",
      ]);
    }
  });

  test("does not go on with another run's results, and says which setting differs", async () => {
    const path = join(folder, "other.jsonl");
    await (await open(path)).add({ key: "a", text: "" });
    const other = open(path, { ...SETTINGS, seed: 2 });
    await expect(other).rejects.toThrow(CliError);
    await expect(other).rejects.toThrow(
      /is of another run: its seed is 1, this run's 2\. Name another file/,
    );
    expect((await open(path)).done.size).toBe(1);
  });

  test.each([
    [
      "a report",
      `${JSON.stringify({ suite: "accuracy" })}\n`,
      /Expected the results of an earlier run/,
    ],
    ["prose", "Dear diary,\n", /Expected the results of an earlier run/],
    [
      "a broken line",
      `${JSON.stringify(SETTINGS)}\n{"key":\n{"key":"a"}\n`,
      /Expected a result in line 2 of/,
    ],
  ])("leaves %s as it is", async (_, text, message) => {
    const path = join(folder, "foreign.txt");
    await writeFile(path, text);
    await expect(open(path)).rejects.toThrow(message);
    expect(await readFile(path, "utf8")).toBe(text);
  });

  test("says where it cannot write, and keeps nothing without a file", async () => {
    await expect(open(join(folder, "missing", "a.jsonl"))).rejects.toThrow(
      /^Cannot write .*a\.jsonl: .*Check the path of --resume\.$/,
    );
    await expect(open(folder)).rejects.toThrow(/^Cannot read /);
    const none = await open(undefined);
    await none.add({ key: "a", text: "" });
    expect(none.done.size).toBe(0);
  });
});
