import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { EDITOR_ARM } from "../../src/bench/accuracy/promptArms.ts";
import { CliError, EXIT_USAGE } from "../../src/cli/base/cliError.ts";
import { Terminal } from "../../src/cli/base/terminal.ts";
import { benchCommand, SUITE_NAMES, type SuiteName } from "../../src/cli/bench/benchCommand.ts";
import type { BenchOptions } from "../../src/cli/bench/benchSuite.ts";
import { readNamedSources } from "../../src/cli/sources/packageSources.ts";
import { NEVER } from "../support/never.ts";

const stream = { write: () => true };
const context = {
  terminal: new Terminal(stream, stream, {}),
  cliUrl: new URL("../../dist/cli.mjs", import.meta.url).href,
  env: {},
  workingFolder: ".",
};

/** @param options - those that the user writes; the others have their defaults. */
const run = (suite: SuiteName, options: Partial<BenchOptions>, signal = NEVER) => {
  const withDefaults = { suite, seed: 1, gpu: "auto" as const, ...options };
  return benchCommand(withDefaults, context, signal, (name) => name in options);
};

describe("benchCommand", () => {
  test.each<[SuiteName, Partial<BenchOptions>, string]>([
    ["typing", { prompts: 4 }, "--prompts"],
    ["typing", { workspace: "src" }, "--workspace"],
    ["typing", { configs: ["plain"] }, "--configs"],
    ["repo", { sessions: 2 }, "--sessions"],
    ["all", { sessions: 2 }, "--sessions"],
    ["suggestions", { sessions: 2 }, "--sessions"],
    ["suggestions", { configs: ["plain"] }, "--configs"],
    ["typing", { flatRows: 16 }, "--flat-rows"],
    ["typing", { minutes: 5 }, "--minutes"],
    ["suggestions", { cold: true }, "--cold"],
    ["suggestions", { minutes: 5 }, "--minutes"],
    ["accuracy", { configs: ["plain"] }, "--configs"],
    ["accuracy", { sessions: 2 }, "--sessions"],
    ["suggestions", { resume: "a.jsonl" }, "--resume"],
    ["typing", { compare: "a.json" }, "--compare"],
    ["repo", { resume: "a.jsonl" }, "--resume"],
    ["all", { compare: "a.json" }, "--compare"],
    ["suggestions", { suggestions: 2 }, "--suggestions"],
    ["repo", { arms: [EDITOR_ARM] }, "--arms"],
    ["repo", { context: "all" }, "--context"],
    ["suggestions", { contextTokens: 64 }, "--context-tokens"],
  ])("%s refuses %j before anything is loaded", async (suite, options, flag) => {
    const failure = await run(suite, options).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(CliError);
    expect(failure).toMatchObject({
      exitCode: EXIT_USAGE,
      message: `The suite ${suite} does not have the option ${flag}.`,
    });
  });

  test.each([
    { configs: ["plain"] },
    { prompts: 4 },
    { maxTokens: 8 },
    { promptTokens: 64 },
    { flatRows: 16 },
    { cold: true },
    { minutes: 5 },
    { sessions: 2 },
    { workspace: "src" },
    { seed: 2 },
    { resume: "a.jsonl" },
    { against: [{ url: new URL("http://127.0.0.1:1") }] },
  ])("--cost refuses %j, and any suite, before anything is loaded", async (options) => {
    const [name] = Object.keys(options);
    const flag = `--${name!.replace(/[A-Z]/, (letter) => `-${letter.toLowerCase()}`)}`;
    await expect(run("all", { cost: true, ...options })).rejects.toMatchObject({
      exitCode: EXIT_USAGE,
      message: `--cost, which runs no suite, does not have the option ${flag}.`,
    });
    const ofSuite = benchCommand(
      { suite: "repo", seed: 1, gpu: "auto", cost: true },
      context,
      NEVER,
      (written) => ["suite", "cost"].includes(written),
    );
    await expect(ofSuite).rejects.toThrow(/does not have the option --suite\.$/);
  });

  test.each([
    { configs: ["plain"] },
    { promptTokens: 64 },
    { suggestions: 2 },
    { compare: "a.json" },
    { sessions: 2 },
  ])("--against refuses %j before anything is loaded", async (options) => {
    const against = [{ url: new URL("http://127.0.0.1:1") }];
    await expect(run("all", { against, ...options })).rejects.toMatchObject({
      exitCode: EXIT_USAGE,
      message: expect.stringMatching(
        /^--against, which runs no suite, does not have the option --/,
      ),
    });
  });

  test.each<[SuiteName, "json" | "markdown"]>(
    SUITE_NAMES.flatMap((suite) => [
      [suite, "json"],
      [suite, "markdown"],
    ]),
  )(
    "%s refuses a --%s that it could not write before anything is loaded",
    async (suite, option) => {
      const path = join(import.meta.dirname, "missing", "report");
      await expect(run(suite, { [option]: path })).rejects.toMatchObject({
        code: "writeFailed",
        message: `Output ${path}: expected an existing folder, found none. Create it or correct the path.`,
      });
    },
  );

  test("leaves the report that was there where nothing was measured before an abort", async () => {
    const folder = await mkdtemp(join(tmpdir(), "treeline-tests-"));
    try {
      const json = join(folder, "report.json");
      await writeFile(json, "the report before");
      const aborted = run("repo", { json }, AbortSignal.abort());
      await expect(aborted).rejects.toMatchObject({ name: "AbortError" });
      expect(await readFile(json, "utf8")).toBe("the report before");
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
});

describe("readNamedSources", () => {
  test("names the packages with their versions", async () => {
    const { origin, files } = await readNamedSources(context, ["immer", "redux"], NEVER);
    expect(origin).toMatch(/^immer \d+\.\d+\.\d+, redux \d+\.\d+\.\d+ \(\d+ files\)$/);
    expect(new Set(files.map(({ path }) => path.split("/")[0]))).toEqual(
      new Set(["immer", "redux"]),
    );
  });
});
