/** The suite `suggestions` on the real engine and models, and the command line's several suggestions. */
import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, test } from "vitest";
import { formatSuggestionsReport } from "../../src/bench/suggestions/suggestionsReport.ts";
import { suggestionsSuite } from "../../src/cli/bench/suggestionsSuite.ts";
import type { BenchSuggestionsParams } from "../../src/engine/protocol/suggestionMessages.ts";
import { CLI_PATH, PAIR, SHORT_REQUEST } from "../support/builtEngine.ts";
import { NEVER } from "../support/never.ts";
import { packageSources } from "../support/packageSources.ts";
import { createClient, ignore, useBuiltEngine } from "../support/useBuiltEngine.ts";

useBuiltEngine();

const PARAMS: BenchSuggestionsParams = {
  workspace: { origin: "redux", files: packageSources().slice(0, 30) },
  numPrompts: 2,
  maxTokens: 16,
  maxPromptTokens: 128,
  seed: 3,
};

async function openPair(params = PAIR) {
  const client = createClient();
  await client.load(params, ignore, NEVER);
  return client;
}

describe("benchSuggestions", () => {
  test("measures every method with k = 3 and 8, and tells how far it is", async () => {
    const client = await openPair();
    const done: number[] = [];
    const onProgress = (progress: { done: number }) => void done.push(progress.done);
    const answer = await client.benchSuggestions(PARAMS, onProgress, NEVER);
    expect(answer).toMatchObject({ origin: "redux", seed: 3, isComplete: true, numPrompts: 2 });
    expect(answer.numLines).toBe(2);
    expect(answer.rows.map(({ count }) => count)).toEqual([
      ...Array(5).fill(3),
      ...Array(5).fill(8),
    ]);
    expect(answer.rows.every(({ meanOffered, count }) => meanOffered <= count)).toBe(true);
    expect(formatSuggestionsReport(answer)).toContain("branches");
    expect(answer.othersShares).toHaveLength(2);
    expect(
      suggestionsSuite.format({ ...answer, busyShare: 0.3, othersShares: [0.2, 0] }),
    ).toContain(
      "> - The machine is busy: others used 30 % of its cores before the start. Repeat it on an idle machine.\n" +
        "> - Others used up to 20 % of the cores at 1 of 2 prompts.\n" +
        "> - 2 measured prompts are too few for 95 % bounds; what stands there is the range.\n\n",
    );
    const named = {
      ...answer,
      models: { target: "[a](command:b)", draft: "$(zap)" },
      origin: "`c`",
    };
    expect(suggestionsSuite.format(named)).toContain(
      "Target \\[a\\] (command:b), draft \\$ (zap), cpu. Spans hidden in \\`c\\`,",
    );
    expect(done.at(-1)).toBe(2);
  });

  test("makes small passes take the same time if that is asked for, and says so", async () => {
    const client = await openPair();
    const answer = await client.benchSuggestions({ ...PARAMS, flatRows: 8 }, ignore, NEVER);
    expect(answer.flatRows).toBe(8);
    expect(answer.rows.every(({ rowsFactor }) => rowsFactor !== null)).toBe(true);
    expect(suggestionsSuite.format(answer)).toContain(
      "> - The target's passes of up to 8 rows were made to take the same time",
    );
    const tooMany = client.benchSuggestions({ ...PARAMS, flatRows: 1000 }, ignore, NEVER);
    await expect(tooMany).rejects.toThrow(
      /1000 flat rows were asked for; passes were measured up to \d+ rows/,
    );
  });

  test("superposes nothing on a draft where there is none, and comes after a completion", async () => {
    const { draftPath: _, ...target } = PAIR;
    const client = await openPair(target);
    const bench = client.benchSuggestions({ ...PARAMS, numPrompts: 40 }, ignore, NEVER);
    const outcome = bench.catch((error: unknown) => error);
    expect((await client.complete(SHORT_REQUEST, ignore, NEVER)).tokens.length).toBeGreaterThan(0);
    // It had not finished a prompt.
    expect(await outcome).toMatchObject({ name: "AbortError" });
    const answer = await client.benchSuggestions(PARAMS, ignore, NEVER);
    expect(answer.rows.map(({ method }) => method)).not.toContain("superposedDraft");
  });

  test("is refused with fields that make no sense, and without code", async () => {
    const client = await openPair();
    const bench = (params: object) =>
      client.benchSuggestions({ ...PARAMS, ...params }, ignore, NEVER);
    await expect(bench({ flatRows: 0 })).rejects.toThrow("flatRows is 0, expected an integer");
    await expect(bench({ numPrompts: 0 })).rejects.toMatchObject({ code: "invalidRequest" });
    const workspace = { origin: "nothing", files: [] };
    await expect(bench({ workspace })).rejects.toThrow("found no line of code in 0 files");
  });
});

describe("treeline complete --suggestions", () => {
  const project = join(import.meta.dirname, "../..");
  const run = async (...args: string[]) => {
    const env = { ...process.env, NODE_OPTIONS: "" };
    const place = ["node_modules/redux/src/createStore.ts", "--line", "250", "--column", "7"];
    const command = [CLI_PATH, "complete", ...place, "--gpu", "off", ...args];
    return promisify(execFile)(process.execPath, command, { cwd: project, env });
  };

  test("prints the first as it is alone, and the others below it", async () => {
    const { stdout: alone } = await run();
    const { stdout: several } = await run("--suggestions", "3");
    const json = JSON.parse((await run("--suggestions", "3", "--json")).stdout);
    expect(json.suggestions[0]).toMatchObject({ text: json.text, source: "greedy" });
    expect(alone).toBe(json.text);
    expect(several.startsWith(alone)).toBe(true);
    expect(json.suggestions.length).toBeGreaterThan(1);
    // How many others there are, and how long, is decided by what passes cost, which is measured anew in each run.
    const heads = several.match(/^--- \d\/\d branches, mean log-probability -\d/gm) ?? [];
    expect(heads.length).toBeGreaterThan(0);
    expect(heads.length).toBeLessThan(3);
  });

  test("refuses a number that makes no sense", async () => {
    await expect(run("--suggestions", "9")).rejects.toMatchObject({
      code: 2,
      stderr: expect.stringContaining("Expected a whole number from 1 to 8."),
    });
  });
});
