import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { CliError } from "../../src/cli/base/cliError.ts";
import { Terminal } from "../../src/cli/base/terminal.ts";
import { type WidenCommandOptions, widenCommand } from "../../tooling/widen/widenCommand.ts";
import { TARGET_PATH } from "../support/modelPaths.ts";
import { NEVER } from "../support/never.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "treeline-widen-"));
});
afterEach(() => rm(folder, { recursive: true }));

async function run(options: Partial<WidenCommandOptions>, isTTY: boolean) {
  const out: string[] = [];
  const err: string[] = [];
  const terminal = new Terminal(
    { write: (text) => out.push(text) },
    { isTTY, write: (text) => err.push(text) },
    {},
  );
  const all = { width: 256, layers: 6, ffn: 512, output: "wide.gguf", ...options };
  await widenCommand(TARGET_PATH, all, { terminal, workingFolder: folder }, NEVER);
  return { out: out.join(""), err: err.join("") };
}

describe("widenCommand", () => {
  test("writes beside the working folder's files and says what it wrote", async () => {
    const { out, err } = await run({}, false);
    expect(out).toMatch(
      /^wide\.gguf: 5\.\d M parameters, 6 layers, width 256, 4 heads of 64 \(1 KV\), ffn 512, Q8_0, \d\.\d MB in \d+\.\d s\n$/,
    );
    expect(err).toBe("");
    expect(await readdir(folder)).toEqual(["wide.gguf"]);
  });

  test("shows its progress to a person, each percentage once, and wipes it", async () => {
    const { err } = await run({ type: "f16" }, true);
    const shown = [...err.matchAll(/writing wide\.gguf (\d+) %/g)].map(([, percent]) => percent);
    expect(shown.at(-1)).toBe("100");
    expect(new Set(shown).size).toBe(shown.length);
    expect(err.endsWith("\r\u001b[2K")).toBe(true);
  });

  test("calls impossible dimensions wrong usage, and a file in the way a failure", async () => {
    const wrong = await run({ width: 200 }, false).catch((error: unknown) => error);
    expect(wrong).toBeInstanceOf(CliError);
    expect(wrong).toMatchObject({ exitCode: 2, message: expect.stringMatching(/192 or 256/) });
    await run({}, false);
    await expect(run({}, false)).rejects.toMatchObject({ code: "writeFailed" });
    expect((await run({ force: true }, false)).out).toContain("wide.gguf");
  });
});
