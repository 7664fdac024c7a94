/** Text of other files in prompts, in the built engine: what is asked for, of what may be shown, the same from key to key. */
import { symlink } from "node:fs/promises";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { MAX_LINES_AWAY } from "../../src/core/prompt/contextKeeper.ts";
import type { ContextOptions } from "../../src/core/prompt/promptContext.ts";
import { WorkspaceFeed } from "../../src/session/client/workspaceFeed.ts";
import { PAIR } from "../support/builtEngine.ts";
import { NEVER } from "../support/never.ts";
import { markerId, repositoryModel } from "../support/repositoryModel.ts";
import { createClient, ignore, useBuiltEngine } from "../support/useBuiltEngine.ts";
import { pathOf, rootAt, until, useWorkspaceFolder, write } from "../support/workspaceFolder.ts";

useWorkspaceFolder();
useBuiltEngine();

const ALL = { imports: true, similar: true } as const;
/** Lines with names that are rare elsewhere, and like the main file's. */
const likeLines = (name: string) =>
  [
    `export function weigh${name}(quantity: number): string {`,
    "  if (quantity > precisionDigits) throw new RangeError();",
    `  const label = "${name}" + Math.round(quantity * conversionFactor);`,
    `  recordMeasurement(label, roundedQuantity(label));`,
    "  return label;",
    "}",
  ].join("\n");
const OWN_LINES = [
  "export function measureLength(quantity: number): number {",
  "  const scaled = quantity * conversionFactor;",
  '  recordMeasurement("length", roundedQuantity(scaled));',
  "  return Math.round(scaled / precisionDigits);",
  "}",
];
const MAIN = [
  'import { Store, open } from "./store.ts";',
  'import { key } from "./api-keys.ts";',
  'import { ignored } from "./ignored.ts";',
  'import { linked } from "./linked.ts";',
  'import { told } from "./told.ts";',
  "",
  "const conversionFactor = 2;",
  "const precisionDigits = 100;",
  ...OWN_LINES,
  "",
  "export function main(): void {",
  "  const store: Store = open(key, ignored, linked, told);",
  "  ",
].join("\n");

async function start(model = repositoryModel()) {
  await write("a/main.ts", `${MAIN}\n}\n`);
  await write(
    "a/store.ts",
    "/** Doc. */\nexport class Store {\n  load(): Item { return 1; }\n}\nexport function open(): Store { return new Store(); }\n",
  );
  await write(
    "a/weight.ts",
    `const conversionFactor = 3;\nconst precisionDigits = 10;\n${likeLines("Weight")}\n`,
  );
  await write("a/copy.ts", `${MAIN}store.load();\n}\nmain();\n`);
  await write("a/api-keys.ts", `export const key = 1;\n${likeLines("Key")}\n`);
  await write("a/ignored.ts", `export const ignored = 1;\n${likeLines("Ignored")}\n`);
  await write(
    "a/told.ts",
    `export const told = "${["AKIA", "ABCDEFGHIJKLMNOP"].join("")}";\n${likeLines("Told")}\n`,
  );
  await write("elsewhere/outside.ts", `export const linked = 1;\n${likeLines("Outside")}\n`);
  await symlink(pathOf("elsewhere/outside.ts"), pathOf("a/linked.ts"));
  await write("a/.gitignore", "ignored.ts\n");
  const workspace = new WorkspaceFeed();
  const client = createClient({}, { workspace });
  await client.load({ targetPath: model, contextSize: PAIR.contextSize }, ignore, NEVER);
  workspace.open({ roots: [rootAt("a")] });
  await workspace.whenReady(NEVER);
  const request = (
    prefixText: string,
    context?: ContextOptions,
    documentPath = pathOf("a/main.ts"),
  ) => ({
    ...{ prefixText, suffixText: "\n}\n", filePath: "main.ts", repoName: "measures", documentPath },
    ...{ maxTokens: 8, ...(context !== undefined && { context }) },
  });
  const ask = (...args: Parameters<typeof request>) =>
    client.promptOf({ ...request(...args), nextText: "" }, NEVER);
  return { workspace, client, request, ask };
}

describe("the context of a prompt", () => {
  test("is none unless asked for, and each kind by itself", async () => {
    const { ask } = await start();
    const plain = await ask(MAIN);
    expect(plain.shares).toMatchObject({ imports: 0, similar: 0 });
    expect(plain.snippets).toEqual([]);
    expect(await ask(MAIN, {})).toEqual(plain);
    expect(await ask(MAIN, { imports: false })).toEqual(plain);

    const { snippets, shares, promptTokens } = await ask(MAIN, { imports: true });
    const outline = "export class Store {\n  load(): Item;\n}\nexport function open(): Store;";
    expect(snippets).toEqual([{ kind: "imports", path: "store.ts", text: outline }]);
    expect(shares.similar).toBe(0);
    expect(shares.imports).toBeGreaterThan(0);
    expect(Object.values(shares).reduce((a, b) => a + b, 0)).toBe(promptTokens.length);
    // Repository, the other file, this file, then the cursor's own text.
    const separator = markerId("<|file_sep|>");
    const markers = Array.from(promptTokens).filter((id) =>
      [markerId("<|repo_name|>"), separator, markerId("<|fim_prefix|>")].includes(id),
    );
    expect(markers).toEqual([
      markerId("<|repo_name|>"),
      separator,
      separator,
      markerId("<|fim_prefix|>"),
    ]);
    // The rest is the plain prompt's.
    const rest = (tokens: Int32Array) => Array.from(tokens.slice(tokens.lastIndexOf(separator)));
    expect(rest(promptTokens)).toEqual(rest(plain.promptTokens));

    const similar = await ask(MAIN, { similar: true });
    expect(similar.snippets.map(({ kind, path }) => [kind, path])).toEqual([
      ["similar", "weight.ts"],
    ]);
    expect(similar.snippets[0]!.text).toContain("weighWeight");
    const both = await ask(MAIN, { ...ALL, maxTokens: 600 });
    expect(both.snippets.map(({ path }) => path)).toEqual(["store.ts", "weight.ts"]);
    const { imports, similar: like } = (await ask(MAIN, { ...ALL, maxTokens: 60 })).shares;
    expect(imports + like).toBeLessThanOrEqual(60);
  });

  test("is what a completion evaluates", async () => {
    const { client, request, ask } = await start();
    const asked = await ask(MAIN, ALL);
    const { stats } = await client.complete({ ...request(MAIN, ALL), sources: [] }, ignore, NEVER);
    expect(stats.numPromptTokens).toBe(asked.promptTokens.length);
    // And what the user is shown on request.
    const seen = await client.lastPrompt(NEVER);
    expect(seen).toMatchObject({ filePath: "main.ts", shares: asked.shares });
    const head = "<|repo_name|>measures\n<|file_sep|>store.ts\nexport class Store {\n";
    expect(seen!.text.startsWith(head)).toBe(true);
    const own = `<|file_sep|>main.ts\n<|fim_prefix|>${MAIN}<|fim_suffix|>\n}\n<|fim_middle|>`;
    expect(seen!.text.endsWith(own)).toBe(true);
    const short = await client.promptOf(
      { ...request(MAIN, ALL), maxPromptTokens: 100, nextText: "" },
      NEVER,
    );
    expect(short.promptTokens.length).toBeLessThanOrEqual(100);
  });

  test("has nothing that the index leaves out, nor the place's own copy, as soon as the rules say so", async () => {
    const { ask, workspace } = await start();
    const shown = async () =>
      (await ask(MAIN, { ...ALL, maxTokens: 900 })).snippets.map(({ path }) => path);
    expect(await shown()).toEqual(["store.ts", "weight.ts"]);
    await write("a/.gitignore", "ignored.ts\nstore.ts\n");
    workspace.changed({ paths: [pathOf("a/.gitignore")], renamed: [], opened: [] });
    // Until it is known what holds, nothing is shown.
    for (const path of await shown()) expect(path).toBe("weight.ts");
    await workspace.whenReady(NEVER);
    await until(async () => expect(await shown()).toEqual(["weight.ts"]));
    await write(
      "a/weight.ts",
      `${likeLines("Weight")}\n// ${["-----BEGIN", "PRIVATE KEY-----"].join(" ")}\n`,
    );
    workspace.changed({ paths: [pathOf("a/weight.ts")], renamed: [], opened: [] });
    await until(async () => expect(await shown()).toEqual([]));
  });

  test("has declarations of files that were opened, and what was edited elsewhere, as long as they may be shown", async () => {
    const { ask, workspace } = await start();
    await write("a/shapes.ts", "export interface Conversion {\n  // Doc.\n  factor: number;\n}\n");
    workspace.changed({ paths: [pathOf("a/shapes.ts")], renamed: [], opened: [] });
    const text = `${MAIN}\n  const used: Conversion = `;
    const shown = async (context: ContextOptions) => (await ask(text, context)).snippets;
    await workspace.whenReady(NEVER);
    expect(await shown({ tabs: true, edits: true })).toEqual([]);
    const opened = ["a/weight.ts", "a/shapes.ts", "a/ignored.ts", "a/main.ts"].map(pathOf);
    workspace.changed({ paths: [], renamed: [], opened });
    const declared = "export interface Conversion {\n  factor: number;\n}";
    await until(async () =>
      expect(await shown({ tabs: true })).toEqual([
        { kind: "tabs", path: "shapes.ts", text: declared },
      ]),
    );
    const edited = (line: string) =>
      `const conversionFactor = 3;\n${line}\n${likeLines("Weight")}\n`;
    workspace.setBuffer(pathOf("a/weight.ts"), edited("const precisionDigits = 1000; // more"));
    const diff = [
      " const conversionFactor = 3;",
      "-const precisionDigits = 10;",
      "+const precisionDigits = 1000; // more",
      " export function weighWeight(quantity: number): string {",
    ].join("\n");
    await until(async () =>
      expect(await shown({ edits: true })).toEqual([
        { kind: "edits", path: "weight.ts", text: diff },
      ]),
    );
    const both = await shown({ tabs: true, edits: true });
    expect(both.map(({ kind }) => kind)).toEqual(["tabs", "edits"]);
    workspace.setBuffer(
      pathOf("a/weight.ts"),
      edited(`// ${["-----BEGIN", "PRIVATE KEY-----"].join(" ")}`),
    );
    await until(async () => expect(await shown({ edits: true })).toEqual([]));
  });

  test("is none for a document outside, and for models that were not trained with other files", async () => {
    const { ask, client } = await start();
    const outside = await ask(MAIN, ALL, pathOf("elsewhere/main.ts"));
    expect(outside.snippets).toEqual([]);
    await client.load({ targetPath: PAIR.targetPath, contextSize: 2048 }, ignore, NEVER);
    expect((await ask(MAIN, ALL)).snippets).toEqual([]);
  });

  test("stays the same from key to key, so that the cache holds it", async () => {
    const { client, request, ask } = await start();
    const { promptTokens, shares } = await ask(MAIN, ALL);
    const numHead = promptTokens.lastIndexOf(markerId("<|file_sep|>"));
    expect(numHead).toBeGreaterThan(shares.imports);
    const head = promptTokens.slice(0, numHead);
    const keys = fc.array(
      fc.oneof(
        {
          weight: 6,
          arbitrary: fc.constantFrom("s", "t", "o", "r", "e", ".", "(", " ", "open", ")"),
        },
        { weight: 1, arbitrary: fc.constantFrom("\n  ", "\b", "\b") },
      ),
      { maxLength: 30 },
    );
    await fc.assert(
      fc.asyncProperty(keys, async (typed) => {
        let text = MAIN;
        for (const key of typed) {
          const next = key === "\b" ? text.slice(0, -1) : text + key;
          const numLines = next.split("\n").length - MAIN.split("\n").length;
          if (Math.abs(numLines) <= MAX_LINES_AWAY) text = next;
          expect((await ask(text, ALL)).promptTokens.slice(0, numHead)).toEqual(head);
        }
      }),
      { numRuns: 12 },
    );
    // And the target does not read it again.
    await client.complete({ ...request(MAIN, ALL), sources: [] }, ignore, NEVER);
    const second = await client.complete(
      { ...request(`${MAIN}s`, ALL), sources: [] },
      ignore,
      NEVER,
    );
    expect(second.stats.numReusedTokens).toBeGreaterThan(numHead);
  });

  test("refuses options that are none", async () => {
    const { ask } = await start();
    for (const context of [{ maxTokens: 0 }, { imports: 1 }, { other: true }, null, 3]) {
      await expect(ask(MAIN, context as never)).rejects.toMatchObject({ code: "invalidRequest" });
    }
  });
});
