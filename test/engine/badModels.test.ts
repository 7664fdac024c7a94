/** Model files that are damaged or cannot serve cost a typed error, never the engine, and never the next completion. */
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { seededRandom } from "../../src/bench/spots/sourceSpots.ts";
import { EngineError } from "../../src/core/base/errors.ts";
import type { CompletionResult } from "../../src/engine/protocol/completeMessages.ts";
import type { LoadParams } from "../../src/engine/protocol/protocol.ts";
import { checkGguf } from "../../src/gguf/ggufCheck.ts";
import type { GgufValue } from "../../src/gguf/ggufCursor.ts";
import { parseGgufHeader } from "../../src/gguf/ggufHeader.ts";
import type { EngineClient } from "../../src/session/client/engineClient.ts";
import { PAIR, SHORT_REQUEST } from "../support/builtEngine.ts";
import { assemble, disassemble } from "../support/ggufWriter.ts";
import { DRAFT_PATH, TARGET_PATH } from "../support/modelPaths.ts";
import { type Mutation, mutations } from "../support/mutateGguf.ts";
import { NEVER } from "../support/never.ts";
import { createClient, ignore, useBuiltEngine } from "../support/useBuiltEngine.ts";

useBuiltEngine();

/** A load or a completion that takes longer hangs. */
const HANG_MS = 30_000;
/** Two engines at work: much of a load is waiting for a sample of idle cores. */
const NUM_ENGINES = 2;
const CHECK_EVERY = 40;

let folder: string;
let draft: Uint8Array;
let target: Uint8Array;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "treeline-bad-models-"));
  draft = new Uint8Array(await readFile(DRAFT_PATH));
  target = new Uint8Array(await readFile(TARGET_PATH));
});
afterAll(() => rm(folder, { recursive: true }));

async function completeWithPair(client: EngineClient): Promise<CompletionResult> {
  await client.load(PAIR, ignore, NEVER);
  return client.complete(SHORT_REQUEST, ignore, AbortSignal.timeout(HANG_MS));
}

/**
 * What became of one file: "works", "works, fails CODE", "refused CODE", or something that must not be.
 * @param expected - the text the target gives, where the file is a draft: it may cost speed and nothing else.
 */
async function tryModel(
  client: EngineClient,
  params: LoadParams,
  path: string,
  expected: string | undefined,
): Promise<string> {
  try {
    await client.load(params, ignore, AbortSignal.timeout(HANG_MS));
  } catch (error) {
    const outcome = outcomeOf(error);
    const namesPath = error instanceof EngineError && error.message.includes(path);
    return namesPath || outcome === "engineCrashed" ? `refused ${outcome}` : `unnamed: ${error}`;
  }
  try {
    const { text } = await client.complete(SHORT_REQUEST, ignore, AbortSignal.timeout(HANG_MS));
    const isExpected = expected === undefined || text === expected;
    return isExpected ? "works" : `untrue: ${JSON.stringify(text)}`;
  } catch (error) {
    return `works, fails ${outcomeOf(error)}`;
  }
}

function outcomeOf(error: unknown): string {
  if (error instanceof EngineError) return error.code;
  return error instanceof Error && error.name === "TimeoutError" ? "hangs" : `untyped ${error}`;
}

/** How one file is to be loaded. */
interface Case {
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly as: "target" | "draft";
}

function isAccepted({ bytes }: Mutation): boolean {
  try {
    checkGguf(parseGgufHeader("mutant.gguf", bytes, bytes.length));
    return true;
  } catch {
    return false;
  }
}

/** Every mutation that the header check lets through, as only those reach llama.cpp, and a share of the others. */
function drawCases(): Case[] {
  const random = seededRandom(20);
  const cases: Case[] = [];
  for (const mutation of mutations(draft, 2)) {
    const share = isAccepted(mutation) ? 1 : 0.33;
    if (random() >= share) continue;
    cases.push({ ...mutation, as: random() < 0.85 ? "target" : "draft" });
  }
  for (const mutation of mutations(target, 3)) {
    if (random() >= (isAccepted(mutation) ? 0.1 : 0.02)) continue;
    cases.push({ name: `target: ${mutation.name}`, bytes: mutation.bytes, as: "target" });
  }
  return cases;
}

describe("damaged models", () => {
  test("are refused with a code or serve, and never end the engine", async ({ annotate }) => {
    const cases = drawCases();
    const counts = new Map<string, number>();
    const crashed: string[] = [];
    const bad: string[] = [];

    const runShare = async (client: EngineClient, share: readonly Case[]) => {
      const before = await completeWithPair(client);
      let previous: string | undefined;
      for (const [index, { name, bytes, as }] of share.entries()) {
        const path = join(folder, `${cases.indexOf(share[index]!)}.gguf`);
        await writeFile(path, bytes);
        const params =
          as === "target"
            ? { targetPath: path, contextSize: 256 }
            : { targetPath: TARGET_PATH, draftPath: path, contextSize: 256 };
        const expected = as === "draft" ? before.text : undefined;
        const outcome = await tryModel(client, params, path, expected);
        counts.set(outcome, (counts.get(outcome) ?? 0) + 1);
        if (outcome.includes("engineCrashed")) crashed.push(`${name} as ${as}`);
        if (/hangs|untyped|unnamed|untrue|internal/.test(outcome))
          bad.push(`${name} as ${as}: ${outcome}`);
        if (index % CHECK_EVERY === 0 || outcome.includes("engineCrashed")) {
          expect((await completeWithPair(client)).text, `after ${name}`).toBe(before.text);
        }
        // Only now: the engine may have had it mapped until the next load.
        if (previous !== undefined) await rm(previous);
        previous = path;
      }
      expect((await completeWithPair(client)).text).toBe(before.text);
    };
    await Promise.all(
      Array.from({ length: NUM_ENGINES }, (_, engine) =>
        runShare(
          createClient(),
          cases.filter((_case, index) => index % NUM_ENGINES === engine),
        ),
      ),
    );

    const summary = `${cases.length} mutations: ${JSON.stringify(Object.fromEntries(counts))}`;
    annotate(summary);
    process.stdout.write(`${summary}\n`);
    expect(cases.length).toBeGreaterThanOrEqual(320);
    expect(bad).toEqual([]);
    expect(crashed).toEqual([]);
  });
});

/** The draft model with metadata entries replaced, or removed where undefined. */
function draftWith(entries: Readonly<Record<string, GgufValue | undefined>>): Uint8Array {
  const model = disassemble(draft);
  const metadata = new Map(model.metadata);
  for (const [key, value] of Object.entries(entries)) {
    if (value === undefined) metadata.delete(key);
    else metadata.set(key, value);
  }
  return assemble({ ...model, metadata });
}

/** The draft's own tokens, changed. */
function draftWithTokens(
  change: (tokens: readonly string[]) => string[],
  entries: Parameters<typeof draftWith>[0] = {},
): Uint8Array {
  const entry = disassemble(draft).metadata.get(TOKENS);
  if (entry?.type !== "array" || entry.elementType !== "string") throw new RangeError("no tokens");
  return draftWith({ ...entries, [TOKENS]: { ...entry, value: change(entry.value) } });
}

/** Two tokens that no merge names, swapped: a vocabulary that is sound, and another. */
const withSwappedMarkers = (tokens: readonly string[]) => {
  const [first, second] = ["<|fim_prefix|>", "<|fim_suffix|>"].map((text) => tokens.indexOf(text));
  return tokens.with(first!, tokens[second!]!).with(second!, tokens[first!]!);
};

const FIM_IDS = ["pre", "suf", "mid", "pad", "rep", "sep"] as const;
const TOKENS = "tokenizer.ggml.tokens";
const noFimIds = Object.fromEntries(
  FIM_IDS.map((id) => [`tokenizer.ggml.fim_${id}_token_id`, undefined]),
);
const architecture = (value: string): GgufValue => ({ type: "string", value });

describe("unfit models", () => {
  // Each row: code, situation, how to make what lies at a path, the option the path is given to.
  type Make = (path: string) => Promise<unknown>;
  const cases: readonly (readonly [string, string, Make, "target" | "draft"])[] = [
    ["modelNotFound", "nothing", async () => {}, "target"],
    ["modelNotFound", "no draft", async () => {}, "draft"],
    ["modelNotReadable", "a folder", (path) => mkdir(path), "target"],
    ["notGguf", "an empty file", (path) => writeFile(path, ""), "target"],
    ["notGguf", "a text", (path) => writeFile(path, "not a model\n"), "draft"],
    [
      "vocabMismatch",
      "another vocabulary",
      (path) => writeFile(path, draftWithTokens(withSwappedMarkers)),
      "draft",
    ],
    [
      "noFimTokens",
      "a chat model, which lacks the markers",
      (path) =>
        writeFile(
          path,
          draftWithTokens(
            (tokens) => tokens.map((text) => text.replace("fim_", "chat_")),
            noFimIds,
          ),
        ),
      "target",
    ],
    [
      "unsupportedArchitecture",
      "an encoder",
      (path) => writeFile(path, draftWith({ "general.architecture": architecture("bert") })),
      "target",
    ],
    [
      "unsupportedArchitecture",
      "an encoder and decoder",
      (path) => writeFile(path, draftWith({ "general.architecture": architecture("t5") })),
      "target",
    ],
    [
      "noVocabulary",
      "no vocabulary",
      (path) => writeFile(path, draftWith({ "tokenizer.ggml.model": architecture("no_vocab") })),
      "target",
    ],
  ];

  test("are refused by name, and the pair serves afterwards", async () => {
    const client = createClient();
    const before = await completeWithPair(client);
    for (const [code, situation, make, as] of cases) {
      const path = join(folder, `${situation}.gguf`);
      await make(path);
      const params =
        as === "target" ? { targetPath: path, contextSize: 256 } : { ...PAIR, draftPath: path };
      await expect(client.load(params, ignore, NEVER), situation).rejects.toMatchObject({
        name: "EngineError",
        code,
        message: expect.stringContaining(path),
      });
      // A refused load leaves no models, and says so.
      await expect(client.complete(SHORT_REQUEST, ignore, NEVER)).rejects.toMatchObject({
        code: "notLoaded",
      });
    }
    expect((await completeWithPair(client)).text).toBe(before.text);
  });

  test("markers that the metadata does not name are found by their texts", async () => {
    const path = join(folder, "no ids.gguf");
    await writeFile(path, draftWith(noFimIds));
    const client = createClient();
    const { target: loaded } = await client.load(
      { targetPath: path, contextSize: 256 },
      ignore,
      NEVER,
    );
    expect(loaded.path).toBe(path);
  });

  test("a file that cannot be opened is refused", async () => {
    // A link to itself: permissions would not stop root.
    const path = join(folder, "unreadable.gguf");
    await symlink(path, path);
    const client = createClient();
    await expect(
      client.load({ targetPath: path, contextSize: 256 }, ignore, NEVER),
    ).rejects.toMatchObject({
      code: "modelNotReadable",
      message: expect.stringContaining(path),
    });
  });
});
