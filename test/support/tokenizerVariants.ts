/** The bundled target with another tokenizer in its header: llama.cpp itself then says what the tokens are. */
import { readFileSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { GgufValue } from "../../src/gguf/ggufCursor.ts";
import { type LlamaModel, openModel } from "../../src/llama/model/llamaModel.ts";
import { loadLlamaLibrary } from "../../src/llama/native/llamaLibrary.ts";
import { assemble, disassemble, type WritableGguf } from "./ggufWriter.ts";
import { TARGET_PATH } from "./modelPaths.ts";
import { TEST_GPU } from "./models.ts";
import { NEVER } from "./never.ts";

type Entries = Readonly<Record<string, GgufValue>>;

const KEY = "tokenizer.ggml.";
const NORMAL = 1;
const UNKNOWN = 2;
const CONTROL = 3;
const USER_DEFINED = 4;
const BYTE = 6;

/** Opens the target with these entries in place of its own. */
export async function openVariant(
  entriesOf: (model: WritableGguf) => Entries,
): Promise<LlamaModel> {
  const model = disassemble(readFileSync(TARGET_PATH));
  const metadata = new Map([...model.metadata, ...Object.entries(entriesOf(model))]);
  const folder = await mkdtemp(join(tmpdir(), "treeline-tokenizer-"));
  try {
    const path = join(folder, "variant.gguf");
    await writeFile(path, assemble({ ...model, metadata }));
    return await openModel(await loadLlamaLibrary(TEST_GPU), path, { gpuLayers: 0 }, NEVER);
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** The same tokens, merged within what another pre-tokenizer splits. */
export function withPreTokenizer(name: string): (model: WritableGguf) => Entries {
  return () => ({ [`${KEY}pre`]: { type: "string", value: name } });
}

/** Texts that are taken out of a text before it is split, in place of tokens that are made from others. */
export function withUserDefined(texts: readonly string[]): (model: WritableGguf) => Entries {
  return (model) => {
    const tokens = textsAt(model, "tokens").slice();
    const types = Int32Array.from(tokens, (text) => (text.startsWith("<|") ? CONTROL : NORMAL));
    const replaced = new Set<string>();
    for (const text of texts) {
      const token = types.lastIndexOf(NORMAL);
      replaced.add(tokens[token]!);
      tokens[token] = text;
      types[token] = USER_DEFINED;
    }
    const merges = textsAt(model, "merges").filter((merge) => {
      const [left, right] = merge.split(" ");
      return ![left, right, `${left}${right}`].some((text) => replaced.has(text!));
    });
    return {
      [`${KEY}tokens`]: { type: "array", elementType: "string", value: tokens },
      [`${KEY}token_type`]: { type: "array", elementType: "int32", value: types },
      [`${KEY}merges`]: { type: "array", elementType: "string", value: merges },
    };
  };
}

/** A SentencePiece tokenizer of about the same pieces: nothing is split before it merges. */
export function asSentencePiece(model: WritableGguf): Entries {
  const own = textsAt(model, "tokens");
  const bytes = Array.from({ length: 256 }, (_, byte) => {
    return `<0x${byte.toString(16).toUpperCase().padStart(2, "0")}>`;
  });
  const byteOf = byteOfCharacter();
  const utf8 = new TextDecoder("utf-8", { fatal: true });
  const pieces = own.slice(0, -7).flatMap((text) => {
    try {
      const piece = utf8.decode(Uint8Array.from(text, (character) => byteOf.get(character)!));
      return piece.includes("\n") ? [] : [piece.replaceAll(" ", "▁")];
    } catch {
      return [];
    }
  });
  const markers = own.slice(-7);
  const head = ["<unk>", "<s>", "</s>", ...bytes];
  const tokens = [...new Set([...head, ...pieces])].slice(0, own.length - 7).concat(markers);
  const numMissing = own.length - tokens.length;
  for (let i = 0; i < numMissing; i++) tokens.splice(-7, 0, `[PAD${i}]`);
  const types = Int32Array.from(tokens, (text, token) => {
    if (token === 0) return UNKNOWN;
    if (token < 3 || text.startsWith("<|")) return CONTROL;
    return token < head.length ? BYTE : NORMAL;
  });
  return {
    [`${KEY}model`]: { type: "string", value: "llama" },
    [`${KEY}tokens`]: { type: "array", elementType: "string", value: tokens },
    [`${KEY}token_type`]: { type: "array", elementType: "int32", value: types },
    [`${KEY}scores`]: {
      type: "array",
      elementType: "float32",
      value: Float32Array.from(tokens, (_, token) => -token),
    },
  };
}

function textsAt(model: WritableGguf, name: string): readonly string[] {
  const entry = model.metadata.get(KEY + name);
  if (entry?.type !== "array" || entry.elementType !== "string") throw new Error(`no ${name}`);
  return entry.value;
}

/** How GPT-2 writes bytes: printable ones as themselves, the others from U+0100 on. */
function byteOfCharacter(): ReadonlyMap<string, number> {
  const isPrintable = (byte: number) =>
    (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || byte >= 0xae;
  let next = 0x100;
  return new Map(
    Array.from({ length: 256 }, (_, byte) => [
      String.fromCharCode(isPrintable(byte) ? byte : next++),
      byte,
    ]),
  );
}
