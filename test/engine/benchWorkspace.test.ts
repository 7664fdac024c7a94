import { describe, expect, test } from "vitest";
import type { GenerationContext } from "../../src/core/tree/drafter.ts";
import type { WorkspaceTokenizer } from "../../src/engine/indexing/workspaceTokenizer.ts";
import { BenchWorkspace } from "../../src/engine/measure/benchWorkspace.ts";
import { NEVER } from "../support/never.ts";

/** One token per character. */
const CHARACTERS: WorkspaceTokenizer = {
  hash: "characters",
  vocabSize: 2 ** 16,
  tokenize: async (text) => Int32Array.from(text, (character) => character.charCodeAt(0)),
};
const FILES = [
  { path: "lib/a.ts", text: 'import "./b.ts";\nconst secret = 12345;\n' },
  { path: "lib/b.ts", text: "const other = 67890;\n" },
];

const tokens = (text: string) => Int32Array.from(text, (character) => character.charCodeAt(0));
const contextOf = (): GenerationContext => ({
  promptTokens: tokens("x"),
  prefixTokens: tokens("x"),
  suffixTokens: tokens(""),
});

async function openWorkspace() {
  const workspace = await BenchWorkspace.open(FILES, CHARACTERS, () => {}, NEVER);
  /** The prompt whose span `hiddenText` of a file is hidden. */
  const promptOf = (path: string, hiddenText: string) => {
    const { text = "" } = FILES.find((file) => file.path === path) ?? {};
    const start = text.indexOf(hiddenText);
    const context = contextOf();
    workspace.note(context, {
      path,
      line: 1,
      column: 1,
      prefixText: text.slice(0, start),
      hiddenText,
      suffixText: text.slice(start + hiddenText.length),
    });
    return context;
  };
  const finds = async (context: GenerationContext, text: string) => {
    const { index } = await workspace.enter(context, NEVER);
    const limits = { maxHits: 4, maxContinuation: 8 };
    return index
      .lookup(tokens(text), {}, limits)
      .some(({ matchLength }) => matchLength === text.length);
  };
  return { workspace, promptOf, finds };
}

describe("BenchWorkspace", () => {
  test("knows everything but the span of the prompt that was entered", async () => {
    const { promptOf, finds } = await openWorkspace();
    const first = promptOf("lib/a.ts", "12345");
    const second = promptOf("lib/b.ts", "67890");
    const stranger = contextOf();
    expect([await finds(first, "12345"), await finds(first, "67890")]).toEqual([false, true]);
    expect([await finds(second, "12345"), await finds(second, "67890")]).toEqual([true, false]);
    expect([await finds(stranger, "12345"), await finds(stranger, "67890")]).toEqual([true, true]);
    expect(await finds(first, "12345")).toBe(false);
  });

  test("says where the prompt stands", async () => {
    const { workspace, promptOf } = await openWorkspace();
    const { index, place } = await workspace.enter(promptOf("lib/a.ts", "12345"), NEVER);
    expect(place).toEqual({
      fileId: index.fileId("lib/a.ts"),
      folder: "lib",
      importedIds: new Set([index.fileId("lib/b.ts")]),
    });
  });
});
