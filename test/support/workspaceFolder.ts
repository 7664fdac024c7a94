/** Workspaces in temporary folders, and a store over them whose tokens are UTF-16 code units: their text can be read back. */
import {
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  realpath,
  rename,
  rm,
  stat,
  writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, expect, vi } from "vitest";
import type { WorkspaceIndex } from "../../src/core/index/workspaceIndex.ts";
import { BackgroundTurns } from "../../src/engine/base/backgroundTurns.ts";
import { WorkspaceStore } from "../../src/engine/indexing/workspaceStore.ts";
import type { WorkspaceTokenizer } from "../../src/engine/indexing/workspaceTokenizer.ts";
import {
  NO_WORKSPACE,
  type WorkspaceParams,
  type WorkspaceRoot,
  type WorkspaceStatus,
} from "../../src/engine/protocol/workspaceMessages.ts";
import { newLearnedState } from "./learnedStates.ts";

let folder: string;

/** A new folder for each test of the suite. */
export function useWorkspaceFolder(): void {
  beforeEach(async () => {
    folder = await realpath(await mkdtemp(join(tmpdir(), "treeline-workspace-")));
  });
  afterEach(() => rm(folder, { recursive: true }));
}

/** Waits for what comes by itself, on a busy machine too. */
export function until<T>(check: () => T | Promise<T>): Promise<T> {
  return vi.waitFor(check, { timeout: 20_000 });
}

export const pathOf = (path: string) => join(folder, path);

export async function write(path: string, content: string | Uint8Array): Promise<void> {
  await mkdir(dirname(pathOf(path)), { recursive: true });
  await writeFile(pathOf(path), content);
}

export const move = (from: string, to: string) => rename(pathOf(from), pathOf(to));
export const remove = (path: string) => rm(pathOf(path), { recursive: true });

export class FakeTokenizer implements WorkspaceTokenizer {
  readonly hash: string;
  readonly vocabSize = 65_536;
  /** What was tokenized, in order. */
  readonly texts: string[] = [];
  readonly turns: BackgroundTurns;

  constructor(turns: BackgroundTurns, hash = "codeUnits") {
    this.turns = turns;
    this.hash = hash;
  }

  async tokenize(text: string, signal: AbortSignal): Promise<Int32Array> {
    await this.turns.next(signal);
    this.texts.push(text);
    return Int32Array.from({ length: text.length }, (_, at) => text.charCodeAt(at));
  }
}

export function rootAt(path: string, overrides: Partial<WorkspaceRoot> = {}): WorkspaceRoot {
  return { path: pathOf(path), name: path, isOnDisk: true, excludes: [], ...overrides };
}

/** A store with what it said. */
export function startStore(options: { saveIntervalMs?: number; hash?: string } = {}) {
  const turns = new BackgroundTurns();
  const log: string[] = [];
  let status: WorkspaceStatus = NO_WORKSPACE;
  const store = new WorkspaceStore({
    turns,
    log: (level, message) => log.push(`${level} ${message}`),
    onStatus: (next) => {
      status = next;
    },
    saveIntervalMs: options.saveIntervalMs ?? 0,
  });
  const tokenizer = new FakeTokenizer(turns, options.hash);
  const index = (): WorkspaceIndex => {
    const place = store.placeOf({ prefixText: "", suffixText: "", maxTokens: 1, sources: [] });
    if (place === undefined) throw new Error("there is no index");
    return place.index;
  };
  const texts = () =>
    Object.fromEntries(
      index()
        .files()
        .map(({ path, tokens }) => [path, String.fromCharCode(...tokens)] as const)
        .sort(([a], [b]) => (a < b ? -1 : 1)),
    );
  const ready = () => until(() => expect(status.phase).toBe("ready"));
  /** Until the index holds exactly these texts. */
  const holds = (expected: Readonly<Record<string, string>>) =>
    until(() => expect(texts()).toEqual(expected));
  const learned = newLearnedState(tokenizer.vocabSize);
  const serve = () => store.serve({ tokenizer, learned });
  const open = (params: WorkspaceParams) => {
    store.open(params);
    serve();
  };
  const touched = (...paths: string[]) =>
    store.changed({ paths: paths.map(pathOf), renamed: [], opened: [] });
  return {
    store,
    turns,
    tokenizer,
    log,
    texts,
    index,
    ready,
    holds,
    open,
    serve,
    learned,
    touched,
    status: () => status,
  };
}

/** The storage folder of the workspaces here. */
export const learned = () => pathOf("storage/learned");

/** Everything in the storage folder, by name. */
export async function storedFiles(): Promise<Map<string, Buffer>> {
  const names = await readdir(pathOf("storage"), { recursive: true }).catch(() => []);
  const files = new Map<string, Buffer>();
  for (const name of names) {
    const path = join(pathOf("storage"), name);
    if ((await stat(path)).isFile()) files.set(name, await readFile(path));
  }
  return files;
}

/** The index as it was saved; waits for it. */
export function saved(): Promise<Buffer> {
  return until(() => readFile(join(learned(), "workspace-index.bin")));
}

/** The bytes of a text as {@link FakeTokenizer} makes tokens of it. */
export function bytesOfTokens(text: string): Buffer {
  return Buffer.from(Int32Array.from(text, (character) => character.charCodeAt(0)).buffer);
}
