/** Outlines are made once, ahead of the request where the document was opened before, on a real vocabulary and parser. */
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { RecentEdits } from "../../src/core/index/recentEdits.ts";
import { WorkspaceIndex } from "../../src/core/index/workspaceIndex.ts";
import { ContextSource } from "../../src/engine/prompt/contextSource.ts";
import { OutlineParser } from "../../src/workspace/outlineParser.ts";
import { type OpenedTarget, openTarget } from "../support/models.ts";
import { NEVER } from "../support/never.ts";
import { threadMs } from "../support/threadMs.ts";

let opened: OpenedTarget;
beforeAll(async () => {
  opened = await openTarget();
});
afterAll(() => opened[Symbol.dispose]());

const PREFIX = 'import { open } from "./lib/index.ts";\nexport function main() {\n  open(';

function start(files: Readonly<Record<string, string>>) {
  const { vocabulary } = opened.model;
  const parser = new OutlineParser(() => {});
  const outline = vi.spyOn(parser, "outline");
  const fim = { order: "PSM", prefix: 1, suffix: 2, middle: 3, fileSeparator: 4 } as const;
  const index = new WorkspaceIndex();
  for (const [path, text] of Object.entries(files)) index.setFile(path, vocabulary.tokenize(text));
  const shown = {
    ...{ index, key: "w/main.ts", opened: [], edits: new RecentEdits(), isSettled: true },
    mayShow: () => true,
    shownPath: (key: string) => key,
  };
  const source = new ContextSource(vocabulary, fim, parser);
  const ask = (prefixText = PREFIX, context: object = { imports: true, isFresh: true }) =>
    source.contextOf({ prefixText, suffixText: ")\n}\n", context }, shown, NEVER);
  return { source, shown, index, vocabulary, outline, ask };
}

const FILES = {
  "w/main.ts": `${PREFIX})\n}\n`,
  "w/lib/index.ts": 'export * from "./door.ts";\n',
  "w/lib/door.ts": "export function open(far: boolean): void {}\n",
  "w/other.ts": "export const other = 1;\n",
};

test("what a file passes on is shown, and is parsed once for as long as it stays", async () => {
  const { index, vocabulary, outline, ask } = start(FILES);
  const texts = async () => (await ask())?.snippets.map(({ path, text }) => [path, text]);
  const declared = [["w/lib/door.ts", "export function open(far: boolean): void;"]];
  expect(await texts()).toEqual(declared);
  expect(await texts()).toEqual(declared);
  expect(outline.mock.calls.map(([path]) => path)).toEqual(["w/lib/index.ts", "w/lib/door.ts"]);
  index.setFile("w/lib/door.ts", vocabulary.tokenize("export function open(): Door {}\n"));
  expect(await texts()).toEqual([["w/lib/door.ts", "export function open(): Door;"]]);
  expect(outline).toHaveBeenCalledTimes(3);
});

test("a document that was opened finds its outlines ready, once requests have asked for some", async () => {
  const { source, shown, outline, ask } = start(FILES);
  const pause = vi.fn(async () => {});
  await source.prepare(shown, pause);
  expect(outline).not.toHaveBeenCalled();
  await ask("export {};\n");
  await source.prepare(shown, pause);
  expect(outline).toHaveBeenCalledTimes(2);
  expect(pause).toHaveBeenCalled();
  expect((await ask())?.snippets).toHaveLength(1);
  expect(outline).toHaveBeenCalledTimes(2);
  const stop = async () => {
    throw new Error("stop");
  };
  await expect(source.prepare(shown, stop)).rejects.toThrow("stop");
});

test("a document of one long line is no long work", async () => {
  const { ask } = start(FILES);
  const line = "alpha(beta, gamma) + ".repeat(3_000);
  const begin = threadMs();
  await ask(line, { imports: true, similar: true, isFresh: true });
  expect(threadMs() - begin).toBeLessThan(3_000);
});
