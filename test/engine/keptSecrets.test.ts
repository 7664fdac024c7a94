/** What the built engine keeps of the documents that it completes in: canaries are planted, then everything it wrote is read. */
import { mkdir, readFile, symlink } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { expect, test } from "vitest";
import { decodeRecycling } from "../../src/core/drafters/recyclingSnapshot.ts";
import { KEEP_AFTER_MS } from "../../src/engine/learned/learnedState.ts";
import type { CompleteParams } from "../../src/engine/protocol/completeMessages.ts";
import { tokenizerHash } from "../../src/llama/model/tokenizerHash.ts";
import { WorkspaceFeed } from "../../src/session/client/workspaceFeed.ts";
import { PAIR } from "../support/builtEngine.ts";
import { openTarget } from "../support/models.ts";
import { NEVER } from "../support/never.ts";
import { createClient, ignore, useBuiltEngine } from "../support/useBuiltEngine.ts";
import {
  learned,
  pathOf,
  rootAt,
  storedFiles,
  until,
  useWorkspaceFolder,
  write,
} from "../support/workspaceFolder.ts";

useWorkspaceFolder();
useBuiltEngine();

/** What is planted, in letters that no model says on its own in code: each document has its own pair of them. */
const LETTERS = "ԱԲԳԴԵԶԷԸԹԺԻԼԽԾԿՀՁՂՃՄՅՆՇՈՉՊՋՌՍՎՏՐՑՒՓՔ";
const canaryOf = (number: number) => LETTERS.slice(2 * number, 2 * number + 2).repeat(4);

const textWith = (canary: string) => `export const password = "${canary}";\nexport const port = `;

/** Documents that nothing may be kept of, by what they are; without a path the editor gives none. */
const STRANGERS: Readonly<Record<string, string | undefined>> = {
  "outside the workspace": "elsewhere/x.ts",
  "outside, a name that tells": "elsewhere/.netrc",
  "in a root that was closed": "closed/x.ts",
  "no source file": "a/docker-compose.yml",
  "a name that tells nothing": "a/netrc",
  "left out by .gitignore": "a/ignored/x.ts",
  "left out by a deeper .gitignore": "b/deep/own.ts",
  "left out by the settings": "a/excluded/x.ts",
  "left out by .git/info/exclude": "b/local.ts",
  "a link out of the workspace": "a/linked.ts",
  "reached through a link": "a/away/x.ts",
  "not saved yet": "a/new.ts",
  "on no disk": "v/x.ts",
  untitled: undefined,
  "an untitled document's URI": "untitled:Untitled-1",
};
const NOT_WRITTEN = new Set(["a/linked.ts", "a/away/x.ts", "a/new.ts", "v/x.ts"]);
const KEY = `${["-----BEGIN", "PRIVATE KEY-----"].join(" ")}\n`;

test("keeps what it learned in the workspace's sources, and nothing of any other document", async () => {
  const strangers = Object.entries(STRANGERS);
  await mkdir(pathOf("a"), { recursive: true });
  for (const [index, [, path]] of strangers.entries()) {
    const isWritten = path !== undefined && !path.includes(":") && !NOT_WRITTEN.has(path);
    if (isWritten) await write(path, textWith(canaryOf(index)));
  }
  await symlink(pathOf("elsewhere/x.ts"), pathOf("a/linked.ts"));
  await symlink(pathOf("elsewhere"), pathOf("a/away"));
  await write("a/.gitignore", "ignored\n");
  await write("b/deep/.gitignore", "own.ts\n");
  await write("b/.git/info/exclude", "local.ts\n");
  const numStrangers = strangers.length;
  const sources = ["a/src/known.ts", "b/known.py"];
  for (const [index, path] of sources.entries()) {
    await write(path, textWith(canaryOf(numStrangers + index)));
  }
  const keyed = canaryOf(numStrangers + sources.length);
  await write("a/keyed.ts", KEY + textWith(keyed));

  const workspace = new WorkspaceFeed();
  const log: string[] = [];
  const client = createClient({}, { workspace, log: (_level, line) => log.push(line) });
  await client.load(PAIR, ignore, NEVER);
  const roots = [
    rootAt("a", { excludes: ["**/excluded"] }),
    rootAt("b"),
    rootAt("v", { isOnDisk: false }),
  ];
  const complete = async (path: string | undefined, text: string) => {
    const documentPath = path === undefined || path.includes(":") ? path : pathOf(path);
    const request: CompleteParams = {
      prefixText: text,
      suffixText: "\n",
      maxTokens: 8,
      sources: ["suffixMatch", "recycling", "workspace", "ghost", "draftModel"],
      numSuggestions: 2,
      suggestionMethod: "superposedTarget",
      ...(documentPath === undefined ? {} : { documentPath }),
    };
    await client.complete(request, ignore, NEVER);
  };
  const completeInStrangers = async () => {
    for (const [index, [, path]] of strangers.entries()) {
      await complete(path, textWith(canaryOf(index)));
    }
  };
  const storage = { storagePath: learned() };
  workspace.open({ roots: [...roots, rootAt("closed")], ...storage });
  workspace.open({ roots, ...storage });
  // The first ones come before the walk has seen their files.
  await completeInStrangers();
  await workspace.whenReady(NEVER);
  for (const path of ["a/new.ts", "v/x.ts"]) {
    workspace.setBuffer(pathOf(path), textWith("unsaved"));
  }
  await completeInStrangers();
  await complete("a/keyed.ts", textWith(keyed));
  await complete("a/src/known.ts", KEY + textWith(keyed));
  for (const [index, path] of sources.entries()) {
    await complete(path, textWith(canaryOf(numStrangers + index)));
  }
  await completeInStrangers();
  await delay(KEEP_AFTER_MS);
  const blob = await until(() => readFile(join(learned(), "recycling.bin")));
  await client[Symbol.asyncDispose]();

  using opened = await openTarget(PAIR.targetPath);
  const { vocabulary, header } = opened.model;
  const { store } = decodeRecycling(new Uint8Array(blob), tokenizerHash(header), vocabulary.size);
  const pairs = new Set<string>();
  for (const { token, tokens } of store!.matrix.rows()) {
    for (const next of tokens) pairs.add(`${token} ${next}`);
  }
  /** Pairs of a canary's tokens, but for those of any other's. */
  const pairsOf = (number: number) => {
    const tokens = vocabulary.tokenize(canaryOf(number));
    return Array.from(tokens.subarray(1), (next, index) => `${tokens[index]} ${next}`);
  };
  const ofSources = new Set(sources.flatMap((_, index) => pairsOf(numStrangers + index)));
  for (let number = 0; number < numStrangers; number++) {
    const own = pairsOf(number).filter((pair) => !ofSources.has(pair));
    expect(own.length).toBeGreaterThan(0);
    for (const pair of own) expect(pairs.has(pair), strangers[number]![0]).toBe(false);
  }
  // A canary that is kept is found so.
  for (const pair of ofSources) expect(pairs).toContain(pair);
  const canaries = [keyed, ...strangers.map((_, index) => canaryOf(index))];
  const files = [...(await storedFiles())];
  for (const canary of canaries) {
    const tokens = Buffer.from(vocabulary.tokenize(canary).slice().buffer);
    for (const [name, bytes] of files) {
      for (const form of [Buffer.from(canary), Buffer.from(canary, "utf16le"), tokens]) {
        expect(bytes.includes(form), `${canary} in ${name}`).toBe(false);
      }
    }
    expect(log.join("\n")).not.toContain(canary);
  }
});
