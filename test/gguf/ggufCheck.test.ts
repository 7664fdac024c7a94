import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { EngineError, type EngineErrorCode } from "../../src/core/base/errors.ts";
import { architectureKind } from "../../src/gguf/ggufArchitecture.ts";
import { checkGguf } from "../../src/gguf/ggufCheck.ts";
import type { GgufValue } from "../../src/gguf/ggufCursor.ts";
import { uint } from "../../src/gguf/ggufEncode.ts";
import { parseGgufHeader, readGgufHeader } from "../../src/gguf/ggufHeader.ts";
import { assemble, disassemble } from "../support/ggufWriter.ts";
import { mutations } from "../support/mutateGguf.ts";
import { threadMs } from "../support/threadMs.ts";

const draftPath = join(import.meta.dirname, "../../models/treeline-tiny-draft-q8_0.gguf");
const targetPath = join(import.meta.dirname, "../../models/treeline-tiny-target-q8_0.gguf");
const signal = new AbortController().signal;

let draft: Uint8Array;
let folder: string;
beforeAll(async () => {
  draft = new Uint8Array(await readFile(draftPath));
  folder = await mkdtemp(join(tmpdir(), "treeline-gguf-"));
});
afterAll(() => rm(folder, { recursive: true }));

/** The error of checking `bytes` in memory, undefined when they are accepted; other failures are not caught. */
function refusal(bytes: Uint8Array): EngineError | undefined {
  try {
    checkGguf(parseGgufHeader("mutant.gguf", bytes, bytes.length));
    return undefined;
  } catch (error) {
    if (error instanceof EngineError) return error;
    throw error;
  }
}

async function fileRefusal(path: string): Promise<EngineError> {
  const error: unknown = await readGgufHeader(path, signal)
    .then(checkGguf)
    .then(
      () => undefined,
      (cause: unknown) => cause,
    );
  if (!(error instanceof EngineError))
    throw new Error(`expected an EngineError for ${path}`, { cause: error });
  return error;
}

/** The draft model with metadata entries replaced, or removed where undefined. */
function draftWith(entries: Readonly<Record<string, GgufValue | undefined>>): Uint8Array {
  const model = disassemble(draft);
  const metadata = new Map(model.metadata);
  for (const [key, value] of Object.entries(entries))
    if (value === undefined) metadata.delete(key);
    else metadata.set(key, value);
  return assemble({ ...model, metadata });
}

function patched(at: number, patch: Uint8Array): Uint8Array {
  const copy = draft.slice();
  copy.set(patch, at);
  return copy;
}

const uint32 = (value: number): GgufValue => ({ type: "uint32", value });
const text = (value: string): GgufValue => ({ type: "string", value });

describe("architectureKind", () => {
  test("tells models that can branch from those that cannot and those that do not write text", () => {
    const names = [
      "qwen2",
      "starcoder2",
      "mamba",
      "qwen35",
      "bert",
      "llada",
      "(unknown)",
      "nonsense",
    ];
    expect(names.map(architectureKind)).toEqual([
      "decoder",
      "decoder",
      "recurrent",
      "recurrent",
      "encoder",
      "encoder",
      undefined,
      undefined,
    ]);
  });
});

describe("checkGguf", () => {
  test.each([draftPath, targetPath])("accepts the bundled model %s", async (path) => {
    checkGguf(await readGgufHeader(path, signal));
  });

  test("accepts a model without the optional keys", () => {
    const bytes = draftWith({
      "llama.attention.key_length": undefined,
      "llama.attention.value_length": undefined,
      "llama.rope.dimension_count": undefined,
      "llama.vocab_size": undefined,
      "tokenizer.ggml.token_type": undefined,
      "tokenizer.ggml.pre": undefined,
      "tokenizer.ggml.bos_token_id": undefined,
    });
    expect(refusal(bytes)).toBeUndefined();
  });

  test("accepts a qwen2 model with biases and an output of its own", () => {
    const model = disassemble(draft);
    const entries = [...model.metadata].map(
      ([key, value]) => [key.replace("llama.", "qwen2."), value] as const,
    );
    const metadata = new Map(entries).set("general.architecture", text("qwen2"));
    metadata.delete("qwen2.attention.key_length");
    metadata.delete("qwen2.rope.dimension_count");
    const biases = [0, 1].flatMap((layer) =>
      ["q", "k", "v"].map((part) => ({
        name: `blk.${layer}.attn_${part}.bias`,
        dims: [64],
        type: 0,
        data: new Uint8Array(256),
      })),
    );
    const output = { ...model.tensors[0]!, name: "output.weight" };
    expect(
      refusal(assemble({ ...model, metadata, tensors: [...model.tensors, ...biases, output] })),
    ).toBeUndefined();
  });

  // Each row: code, how to make the file, a word of what is expected, of what was found, and of the remedy.
  const cases: readonly (readonly [EngineErrorCode, string, () => Uint8Array, RegExp])[] = [
    [
      "notGguf",
      "another format",
      () => Buffer.from("PK\u0003\u0004 and more"),
      /begins with "GGUF".*"PK.*Choose/,
    ],
    ["notGguf", "an empty file", () => new Uint8Array(0), /begins with "GGUF".*empty file.*Choose/],
    [
      "ggufVersion",
      "version 1",
      () => patched(4, uint(4, 1)),
      /version 2 or 3.*version 1\. Download/,
    ],
    [
      "ggufVersion",
      "big endian",
      () => patched(4, uint(4, 0x03000000)),
      /little endian.*big-endian file.*Download/,
    ],
    [
      "modelTruncated",
      "a cut header",
      () => draft.subarray(0, 5000),
      /bytes at offset.*only \d+ of.*5000 left.*Download/,
    ],
    [
      "modelTruncated",
      "cut weights",
      () => draft.subarray(0, 500_000),
      /at least \d+ bytes.*file of 500000.*incomplete/,
    ],
    [
      "modelCorrupt",
      "absurd counts",
      () => patched(8, uint(8, -1)),
      /at most 16384 tensors.*18446744073709551615/,
    ],
    [
      "modelCorrupt",
      "wrong shapes",
      () => draftWith({ "llama.embedding_length": uint32(128) }),
      /\[128, 8192\].*\[64, 8192\]/,
    ],
    [
      "modelCorrupt",
      "no layers",
      () => draftWith({ "llama.block_count": uint32(0) }),
      /block_count.*from 1 to 512.*uint32 0/,
    ],
    [
      "modelCorrupt",
      "special ids outside",
      () => draftWith({ "tokenizer.ggml.fim_pre_token_id": uint32(8192) }),
      /below 8192.*8192/,
    ],
    [
      "unsupportedArchitecture",
      "an encoder",
      () => draftWith({ "general.architecture": text("bert") }),
      /generates text.*"bert".*Choose/,
    ],
    [
      "unsupportedArchitecture",
      "a newer one",
      () => draftWith({ "general.architecture": text("llama9") }),
      /this llama\.cpp.*"llama9".*Choose/,
    ],
    [
      "modelCorrupt",
      "a pre-tokenizer that leaves spaces in",
      () => draftWith({ "tokenizer.ggml.pre": text("whitespace") }),
      /tokenizer\.ggml\.pre for tokenizer "gpt2".*"whitespace"/,
    ],
    [
      "noVocabulary",
      "no tokenizer",
      () => draftWith({ "tokenizer.ggml.model": text("no_vocab") }),
      /a vocabulary.*"no_vocab".*Choose/,
    ],
    [
      "noVocabulary",
      "no tokens",
      () => draftWith({ "tokenizer.ggml.tokens": undefined }),
      /a vocabulary.*0 tokens.*Choose/,
    ],
  ];
  test.each(cases)("refuses with %s: %s", async (code, situation, make, message) => {
    const path = join(folder, `${code} ${situation}.gguf`);
    await writeFile(path, make());
    const error = await fileRefusal(path);
    expect(error.code).toBe(code);
    expect(error.message).toContain(path);
    expect(error.message).toMatch(message);
  });

  test("refuses a path without a file, and a folder", async () => {
    const missing = await fileRefusal(join(folder, "missing.gguf"));
    expect([missing.code, missing.message]).toEqual([
      "modelNotFound",
      expect.stringMatching(/missing\.gguf.*nothing.*download/),
    ]);
    const wrong = await fileRefusal(folder);
    expect([wrong.code, wrong.message]).toEqual([
      "modelNotReadable",
      expect.stringMatching(/a file.*folder.*Choose/),
    ]);
  });
});

describe("mutated models", () => {
  test("are accepted or refused with an EngineError, each within a second", ({ annotate }) => {
    const codes: Record<string, number> = {};
    const slow: string[] = [];
    let accepted = 0;
    for (const { name, bytes } of mutations(draft, 1)) {
      const start = threadMs();
      const error = refusal(bytes);
      if (threadMs() - start > 1000) slow.push(name);
      if (error === undefined) accepted++;
      else {
        codes[error.code] = (codes[error.code] ?? 0) + 1;
        expect(error.message, name).toMatch(
          /^Model file mutant\.gguf: expected .+, found .+\. .+\.$/s,
        );
      }
    }
    const refused = Object.values(codes).reduce((sum, count) => sum + count, 0);
    annotate(
      `${refused + accepted} mutations: ${accepted} accepted, refused ${JSON.stringify(codes)}`,
    );
    expect(slow).toEqual([]);
    expect(refused + accepted).toBeGreaterThanOrEqual(320);
    expect(refused).toBeGreaterThanOrEqual((refused + accepted) / 2);
  });

  test("never make anything but an EngineError, whatever bytes are changed", () => {
    const edit = fc.record({ at: fc.nat(), value: fc.integer({ min: 0, max: 255 }) });
    // Half of the edits go to the first kilobyte, where counts and hyperparameters are.
    const edits = fc.array(fc.tuple(edit, fc.boolean()), { minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(edits, fc.option(fc.nat(draft.length), { freq: 4 }), (changes, length) => {
        const bytes = draft.slice(0, length ?? draft.length);
        for (const [{ at, value }, early] of changes)
          if (bytes.length > 0)
            bytes[at % Math.min(bytes.length, early ? 1024 : bytes.length)] = value;
        refusal(bytes);
      }),
      { numRuns: 100 },
    );
  });
});
