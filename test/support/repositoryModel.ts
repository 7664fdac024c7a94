/** The tiny target under another name: its vocabulary has the markers of models that were trained on whole repositories. */
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { GgufValue } from "../../src/gguf/ggufCursor.ts";
import { ggufStrings, parseGgufHeader } from "../../src/gguf/ggufHeader.ts";
import { assemble, disassemble } from "./ggufWriter.ts";
import { TARGET_PATH } from "./modelPaths.ts";

const FOLDER = fileURLToPath(new URL("../../node_modules/.cache/tests", import.meta.url));

/** Path of the model; written once. */
export function repositoryModel(): string {
  const path = `${FOLDER}/tiny-of-repositories.gguf`;
  if (existsSync(path)) return path;
  mkdirSync(FOLDER, { recursive: true });
  const model = disassemble(readFileSync(TARGET_PATH));
  const name: GgufValue = { type: "string", value: "tiny of repositories" };
  const metadata = new Map(model.metadata);
  for (const key of ["general.name", "general.basename"])
    if (metadata.has(key)) metadata.set(key, name);
  const part = `${path}.${process.pid}.part`;
  writeFileSync(part, assemble({ ...model, metadata }));
  renameSync(part, path);
  return path;
}

/** The id of a marker's text. @throws if the vocabulary has none. */
export function markerId(text: string): number {
  const bytes = readFileSync(TARGET_PATH);
  const header = parseGgufHeader("valid.gguf", bytes, bytes.length);
  const id = ggufStrings(header, "tokenizer.ggml.tokens")?.indexOf(text) ?? -1;
  if (id === -1) throw new Error(`${text} is no token`);
  return id;
}
