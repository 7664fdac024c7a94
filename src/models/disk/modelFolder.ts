/**
 * The models that Treeline fetched, in one folder for all windows and the command line: `NAME.gguf`, beside it `NAME.json`,
 * written when the file was found to be the hub's. Without that record a file is none of ours: it is neither deleted nor
 * replaced, as the folder may be one that the user keeps other files in.
 */
import { mkdir, readdir, readFile, rm, stat } from "node:fs/promises";
import { homedir, platform } from "node:os";
import { isAbsolute, join } from "node:path";
import { EngineError, messageOf } from "../../core/base/errors.ts";
import { pathText, quotedText } from "../../core/base/foreignText.ts";
import { replaceFile } from "../../files/replaceFile.ts";
import { CHOICE, isModelName } from "../catalogue/catalogueEntry.ts";
import { isLocked } from "./folderLock.ts";

/** What is known of a file that was fetched. */
export interface ModelRecord {
  readonly name: string;
  readonly repository: string;
  readonly file: string;
  /** Commit it is from; absent where the hub did not say. */
  readonly revision?: string;
  readonly bytes: number;
  readonly sha256: string;
  /** As it was shown before the first byte. */
  readonly licence: string;
  /** ISO 8601. */
  readonly installedAt: string;
}

export interface InstalledModel extends ModelRecord {
  readonly path: string;
}

/** Names of the models that are used where none is named. */
export interface ChosenModels {
  readonly target: string;
  readonly draft?: string;
}

/** The user's folder for Treeline's models, by the platform's custom (XDG on Linux); `TREELINE_MODELS` names another. */
export function defaultModelFolder(env: NodeJS.ProcessEnv): string {
  const { TREELINE_MODELS: own, XDG_DATA_HOME: xdg, LOCALAPPDATA: local } = env;
  if (own !== undefined && isAbsolute(own)) return own;
  if (xdg !== undefined && isAbsolute(xdg)) return join(xdg, "treeline/models");
  if (platform() === "win32")
    return join(local ?? join(homedir(), "AppData/Local"), "treeline/models");
  if (platform() === "darwin")
    return join(homedir(), "Library/Application Support/treeline/models");
  return join(homedir(), ".local/share/treeline/models");
}

const PART = /^(.+)\.[0-9a-f]{16}\.part$/;

export class ModelFolder {
  readonly path: string;

  constructor(path: string) {
    this.path = path;
  }

  /** Where a model's file is, or will be. @throws RangeError for what is no name. */
  pathOf(name: string): string {
    return this.#at(name, "gguf");
  }

  lockOf(name: string): string {
    return this.#at(name, "lock");
  }

  /** A name stays a name and a path a path: what looks like a model's name is its file in this folder. */
  resolve(nameOrPath: string): string {
    return isModelName(nameOrPath) ? this.pathOf(nameOrPath) : nameOrPath;
  }

  /** A part belongs to the file of one hash. */
  partOf(name: string, sha256: string): string {
    return this.#at(name, `${sha256.slice(0, 16)}.part`);
  }

  async make(): Promise<void> {
    await mkdir(this.path, { recursive: true, mode: 0o700 });
  }

  /** Undefined where record or file are not there, or the file is not as long as it was. */
  async find(name: string): Promise<InstalledModel | undefined> {
    const record = isModelName(name) ? await this.#recordOf(name) : undefined;
    if (record === undefined) return undefined;
    const path = this.pathOf(name);
    const found = await stat(path).catch(() => undefined);
    if (found?.isFile() !== true || found.size !== record.bytes) return undefined;
    return { ...record, path };
  }

  /** By name. */
  async installed(): Promise<InstalledModel[]> {
    const names = await readdir(this.path).catch(() => []);
    const models = names
      .filter((file) => file.endsWith(".gguf"))
      .map((file) => file.slice(0, -".gguf".length))
      .filter(isModelName)
      .sort()
      .map((name) => this.find(name));
    return (await Promise.all(models)).filter((model) => model !== undefined);
  }

  /** What was begun and is not installed, with the bytes that are here. */
  async unfinished(): Promise<{ readonly name: string; readonly bytes: number }[]> {
    const found: { name: string; bytes: number }[] = [];
    for (const { name, path } of await this.#parts()) {
      if (isModelName(name)) found.push({ name, bytes: await bytesAt(path) });
    }
    return found;
  }

  /**
   * Before anything is fetched, and before it gets its name.
   * @throws EngineError writeFailed where a file of this name is none of ours.
   */
  async expectOwn(name: string): Promise<void> {
    if ((await this.#recordOf(name)) !== undefined) return;
    for (const path of [this.pathOf(name), this.#at(name, "json")]) {
      if ((await stat(path).catch(() => undefined)) === undefined) continue;
      const remedy = "Move it, or choose another folder (treeline.model.folder, TREELINE_MODELS).";
      throw refusal(name, `no ${pathText(path)}`, "one that Treeline did not fetch", remedy);
    }
  }

  /** Before the file gets its name: a file with a record is whole. */
  async record(record: ModelRecord): Promise<void> {
    await replaceFile(this.#at(record.name, "json"), JSON.stringify(record, undefined, 2), 0o600);
  }

  /** What is used where no model is named; undefined where that is not installed any more. */
  async chosen(): Promise<ChosenModels | undefined> {
    const { target, draft } = (await readJson<Partial<ChosenModels>>(this.#choice())) ?? {};
    if (typeof target !== "string" || (await this.find(target)) === undefined) return undefined;
    if (typeof draft !== "string" || (await this.find(draft)) === undefined) return { target };
    return { target, draft };
  }

  async choose(models: ChosenModels): Promise<void> {
    await this.make();
    await replaceFile(this.#choice(), JSON.stringify(models), 0o600);
  }

  /** @throws EngineError writeFailed while a model is being fetched. */
  async expectIdle(name: string): Promise<void> {
    const isBusy = await isLocked(this.lockOf(name)).catch((error: unknown) => {
      throw refusal(name, "to read its lock", messageOf(error), "Check the folder's permissions.");
    });
    if (isBusy)
      throw refusal(name, "nobody to fetch it", "that another process does", "Cancel that first.");
  }

  /**
   * Deletes a model and whatever was fetched of it. @returns bytes that are free now.
   * @throws EngineError writeFailed while it is being fetched, or where the system does not let it go; then it stays installed.
   */
  async remove(name: string): Promise<number> {
    const freed = await this.removeParts(name);
    if ((await this.#recordOf(name)) === undefined) return freed;
    // The record last: what is left of a file without one is none of ours.
    return freed + (await deleteFiles(name, [this.pathOf(name), this.#at(name, "json")]));
  }

  /** Deletes what was fetched of a model and is not installed. @returns and @throws as {@link remove}. */
  async removeParts(name: string): Promise<number> {
    await this.expectIdle(name);
    return this.removeLeftParts(name);
  }

  /** The same by whoever holds the lock. */
  async removeLeftParts(name: string): Promise<number> {
    const parts = (await this.#parts()).filter((part) => part.name === name);
    return deleteFiles(
      name,
      parts.map(({ path }) => path),
    );
  }

  async #parts(): Promise<{ readonly name: string; readonly path: string }[]> {
    const files = await readdir(this.path).catch(() => []);
    return files.flatMap((file) => {
      const name = PART.exec(file)?.[1];
      return name === undefined ? [] : [{ name, path: join(this.path, file) }];
    });
  }

  /** Undefined where there is none, or another program's file has its name. */
  async #recordOf(name: string): Promise<ModelRecord | undefined> {
    const record = await readJson<Partial<ModelRecord> | null>(this.#at(name, "json"));
    const { bytes, sha256 } = record ?? {};
    const isRecord =
      record?.name === name && typeof bytes === "number" && /^[0-9a-f]{64}$/.test(sha256 ?? "");
    return isRecord ? (record as ModelRecord) : undefined;
  }

  #choice(): string {
    return join(this.path, `${CHOICE}.json`);
  }

  #at(name: string, ending: string): string {
    if (!isModelName(name)) throw new RangeError(`${quotedText(name)} is no model's name`);
    return join(this.path, `${name}.${ending}`);
  }
}

async function readJson<T>(path: string): Promise<T | undefined> {
  try {
    return JSON.parse(await readFile(path, "utf8")) as T;
  } catch {
    return undefined;
  }
}

async function bytesAt(path: string): Promise<number> {
  return (await stat(path).catch(() => undefined))?.size ?? 0;
}

/** In their order; one that stays keeps those behind it. */
async function deleteFiles(name: string, paths: readonly string[]): Promise<number> {
  let freed = 0;
  for (const path of paths) {
    const bytes = await bytesAt(path);
    try {
      await rm(path, { force: true });
    } catch (error) {
      const remedy = "End what uses it, such as an editor with this model loaded.";
      throw refusal(name, "to delete its file", messageOf(error), remedy);
    }
    freed += bytes;
  }
  return freed;
}

function refusal(name: string, expected: string, found: string, remedy: string): EngineError {
  return new EngineError(
    "writeFailed",
    `Model ${name}: expected ${expected}, found: ${found}. ${remedy}`,
  );
}
