import { describe, expect, test } from "vitest";
import { benchCommand, type SuiteName } from "../../src/cli/benchCommand.ts";
import type { BenchOptions } from "../../src/cli/benchSuite.ts";
import { CliError, EXIT_USAGE } from "../../src/cli/cliError.ts";
import { readNamedSources } from "../../src/cli/packageSources.ts";
import { Terminal } from "../../src/cli/terminal.ts";
import { NEVER } from "../support/never.ts";

const stream = { write: () => true };
const context = {
  terminal: new Terminal(stream, stream, {}),
  cliUrl: new URL("../../dist/cli.mjs", import.meta.url).href,
  env: {},
  workingFolder: ".",
};

const run = (suite: SuiteName, options: Partial<BenchOptions>) =>
  benchCommand({ suite, seed: 1, gpu: "off", ...options }, context, NEVER);

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
    ["warmstart", { configs: ["plain"] }, "--configs"],
    ["warmstart", { promptTokens: 64 }, "--prompt-tokens"],
    ["index", { target: "model.gguf" }, "--target"],
    ["index", { prompts: 4 }, "--prompts"],
    ["index", { workspace: "src" }, "--workspace"],
    ["index", { cost: true }, "--cost"],
  ])("%s refuses %j before anything is loaded", async (suite, options, flag) => {
    const failure = await run(suite, options).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(CliError);
    expect(failure).toMatchObject({
      exitCode: EXIT_USAGE,
      message: `The suite ${suite} does not have the option ${flag}.`,
    });
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
