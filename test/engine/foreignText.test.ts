/** Model files, folders and sources whose texts are escapes and links: through the built command line and the engine. */
import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { GgufValue } from "../../src/gguf/ggufCursor.ts";
import { CLI_PATH } from "../support/builtEngine.ts";
import { assemble, disassemble, type WritableGguf } from "../support/ggufWriter.ts";
import { activeInLabel, unseenIn } from "../support/hostileText.ts";
import { DRAFT_PATH } from "../support/modelPaths.ts";
import { NEVER } from "../support/never.ts";
import { createClient, ignore, useBuiltEngine } from "../support/useBuiltEngine.ts";

useBuiltEngine();

const LINK = "[Repair](command:workbench.action.quit)";
const ESCAPES = "\u001b]0;owned\u0007\u001b[2J\u009b31m\r\n\u202e\u2028";
const HOSTILE = `${LINK}${ESCAPES}`;
/** Errors of usage may have several lines. */
const ONE_LINE = HOSTILE.replaceAll("\n", "");
const LONG = `${HOSTILE}${"🙂".repeat(5_000)}`;
/** Windows has no such names. */
const isWindows = process.platform === "win32";

let root: string;
/** A folder with a hostile name. */
let folder: string;
let source: string;
let draft: WritableGguf;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "treeline-foreign-"));
  folder = join(root, isWindows ? "[Repair](command)" : HOSTILE);
  await mkdir(folder, { recursive: true });
  source = join(folder, "a.ts");
  await writeFile(source, "const a = 1;\nconst b = ");
  draft = disassemble(new Uint8Array(await readFile(DRAFT_PATH)));
});
afterAll(() => rm(root, { recursive: true }));

const text = (value: string): GgufValue => ({ type: "string", value });

function withMetadata(entries: Readonly<Record<string, GgufValue>>): WritableGguf {
  return { ...draft, metadata: new Map([...draft.metadata, ...Object.entries(entries)]) };
}

/** The draft model without anything that tells how to fill in, under a name. */
function withoutMarkers(name: string): WritableGguf {
  const { value } = draft.metadata.get("tokenizer.ggml.tokens") as { value: readonly string[] };
  const tokens = value.map((token) => token.replace("fim_", "chat_"));
  const rest = [...draft.metadata].filter(([key]) => !key.includes(".fim_"));
  return {
    ...draft,
    metadata: new Map<string, GgufValue>([
      ...rest,
      ["tokenizer.ggml.tokens", { type: "array", elementType: "string", value: tokens }],
      ["general.name", text(name)],
    ]),
  };
}

function withTensor(change: Partial<WritableGguf["tensors"][number]>): WritableGguf {
  const [first, ...others] = draft.tensors;
  return { ...draft, tensors: [{ ...first!, ...change }, ...others] };
}

const REFUSED: readonly (readonly [string, () => WritableGguf])[] = [
  ["a pre-tokenizer", () => withMetadata({ "tokenizer.ggml.pre": text(HOSTILE) })],
  ["a long pre-tokenizer", () => withMetadata({ "tokenizer.ggml.pre": text(LONG) })],
  ["a tokenizer", () => withMetadata({ "tokenizer.ggml.model": text(HOSTILE) })],
  ["an architecture", () => withMetadata({ "general.architecture": text(LONG) })],
  ["a name without markers", () => withoutMarkers(LONG)],
  ["a tensor", () => withTensor({ name: HOSTILE })],
  ["a misplaced tensor", () => withTensor({ name: HOSTILE, offset: 64 })],
  ["a tensor of too many bytes", () => withTensor({ name: LONG })],
  ["a tensor of an unknown type", () => withTensor({ name: HOSTILE, type: 99 })],
];

interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

function runCli(...args: string[]): Promise<Outcome> {
  return promisify(execFile)(process.execPath, [CLI_PATH, ...args], { timeout: 120_000 }).then(
    (output) => ({ code: 0, ...output }),
    (error: Outcome) => error,
  );
}

/** @returns its only line. */
function expectOneLine(stderr: string): string {
  expect(stderr.endsWith("\n")).toBe(true);
  const line = stderr.slice(0, -1);
  expect(unseenIn(line)).toEqual([]);
  expect(line.length).toBeLessThanOrEqual(1_000);
  return line;
}

const CURSOR = ["--line", "2", "--column", "11"];

describe("a model that is refused", () => {
  test.each(REFUSED)("for %s gives one harmless line everywhere", async (_what, model) => {
    const path = join(folder, "m.gguf");
    await writeFile(path, assemble(model()));
    const { code, stderr } = await runCli(
      "complete",
      source,
      ...CURSOR,
      "--target",
      path,
      "--gpu",
      "off",
    );
    expect(code).toBe(1);
    expect(expectOneLine(stderr)).toMatch(/^error: .*m\.gguf.*\(\w+\)$/);

    const client = createClient();
    const failure: Error = await client
      .load({ targetPath: path, contextSize: 256 }, ignore, NEVER)
      .then(
        () => new Error("it loads"),
        (error: Error) => error,
      );
    expect(failure.message).toContain("m.gguf");
    expect(unseenIn(failure.message)).toEqual([]);
    expect(failure.message.length).toBeLessThanOrEqual(800);
    expect(activeInLabel(failure.message)).toEqual([]);
  });
});

describe("a model that loads under a hostile name", () => {
  test("gives a report and JSON that hold none of it", async () => {
    const path = join(root, "named.gguf");
    await writeFile(path, assemble(withMetadata({ "general.name": text(LONG) })));
    const model = ["--target", path, "--gpu", "off"];
    const report = await runCli("bench", "--cost", ...model);
    expect(report.code).toBe(0);
    expect(unseenIn((report.stdout + report.stderr).replaceAll("\n", ""))).toEqual([]);
    expect(report.stdout).toMatch(/Target \\\[Repair\\\] \(command:workbench\.action\.quit\).*…/);

    const json = await runCli(
      "complete",
      source,
      ...CURSOR,
      ...model,
      "--max-tokens",
      "4",
      "--json",
    );
    expect(json).toMatchObject({ code: 0, stderr: "" });
    expect(unseenIn(json.stdout.slice(0, -1))).toEqual([]);
    expect(JSON.parse(json.stdout).models.target.name).toMatch(/^\[Repair\]\(command:.*…/);
  });
});

describe("arguments", () => {
  test.each([
    ["a missing file", () => ["complete", join(folder, "none.ts"), ...CURSOR], 1],
    ["a folder", () => ["complete", folder, ...CURSOR], 1],
    [
      "a missing workspace",
      () => ["complete", source, ...CURSOR, "--workspace", join(folder, "none")],
      1,
    ],
    ["a report in no folder", () => ["bench", "--json", join(folder, "none/r.json")], 1],
    ["an unknown option", () => ["complete", source, ...CURSOR, `--${ONE_LINE}`], 2],
    ["an option's value", () => ["complete", source, ...CURSOR, "--gpu", ONE_LINE], 2],
  ] as const)("%s is told in a harmless line", async (_what, args, exitCode) => {
    const { code, stderr } = await runCli(...args());
    expect(code).toBe(exitCode);
    expect(expectOneLine(stderr)).toMatch(/^error: .*Repair/);
  });
});
