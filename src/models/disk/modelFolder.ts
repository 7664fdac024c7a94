/**
 * The models that Treeline fetched, in one folder for all windows and the command line: `NAME.gguf`, beside it `NAME.json`,
 * written when the file was found to be the hub's. Without that record a file is none of ours.
 */
import { mkdir, readdir, readFile, rm, stat } from "node:fs/promises";
import { homedir, platform } from "node:os";
import { isAbsolute, join } from "node:path";
import { EngineError, messageOf } from "../../core/base/errors.ts";
import { quotedText } from "../../core/base/foreignText.ts";
import { replaceFile } from "../../files/replaceFile.ts";
import { isModelName } from "../catalogue/catalogueEntry.ts";
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

const CHOICE = "chosen";

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

  /** The folder, made if it is not there. */
  async make(): Promise<void> {
    await mkdir(this.path, { recursive: true, mode: 0o700 });
  }

  /** Undefined where record or file are not there, or the file is not as long as it was. */
  async find(name: string): Promise<InstalledModel | undefined> {
    const record = await this.#read<ModelRecord>(name);
    if (record === undefined) return undefined;
    const path = this.pathOf(name);
    const found = await stat(path).catch(() => undefined);
    if (found?.isFile() !== true || found.size !== record.bytes) return undefined;
    return { ...record, name, path };
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
    for (const file of await readdir(this.path).catch(() => [])) {
      const name = /^(.+)\.[0-9a-f]{16}\.part$/.exec(file)?.[1];
      if (name === undefined || !isModelName(name)) continue;
      const { size = 0 } = (await stat(join(this.path, file)).catch(() => undefined)) ?? {};
      found.push({ name, bytes: size });
    }
    return found;
  }

  /** Before the file gets its name: a file with a record is whole. */
  async record(record: ModelRecord): Promise<void> {
    await replaceFile(this.#at(record.name, "json"), JSON.stringify(record, undefined, 2), 0o600);
  }

  /** What is used where no model is named; undefined where that is not installed any more. */
  async chosen(): Promise<ChosenModels | undefined> {
    const { target, draft } = (await this.#read<Partial<ChosenModels>>(CHOICE)) ?? {};
    if (target === undefined || (await this.#findNamed(target)) === undefined) return undefined;
    if (draft === undefined || (await this.#findNamed(draft)) === undefined) return { target };
    return { target, draft };
  }

  async choose(models: ChosenModels): Promise<void> {
    await this.make();
    await replaceFile(this.#at(CHOICE, "json"), JSON.stringify(models), 0o600);
  }

  /**
   * Deletes a model and whatever was fetched of it. @returns bytes that are free now.
   * @throws EngineError writeFailed while it is being fetched, or where the system does not let it go.
   */
  async remove(name: string): Promise<number> {
    if (await isLocked(this.lockOf(name)))
      throw refusal(name, "nobody to fetch it", "that another process does", "Cancel that first.");
    const own = new RegExp(`^${name.replaceAll(".", "\\.")}\\.(?:gguf|json|[0-9a-f]{16}\\.part)$`);
    const files = (await readdir(this.path).catch(() => [])).filter((file) => own.test(file));
    // The record first: what is left of a file without one is none of ours.
    files.sort((a, b) => Number(b.endsWith(".json")) - Number(a.endsWith(".json")));
    let freed = 0;
    for (const file of files) {
      const path = join(this.path, file);
      freed += (await stat(path).catch(() => undefined))?.size ?? 0;
      try {
        await rm(path, { force: true });
      } catch (error) {
        const remedy = "End what uses it, such as an editor with this model loaded.";
        throw refusal(name, "to delete its file", messageOf(error), remedy);
      }
    }
    return freed;
  }

  async #findNamed(name: string): Promise<InstalledModel | undefined> {
    return typeof name === "string" && isModelName(name) ? this.find(name) : undefined;
  }

  async #read<T>(name: string): Promise<T | undefined> {
    try {
      return JSON.parse(await readFile(this.#at(name, "json"), "utf8")) as T;
    } catch {
      return undefined;
    }
  }

  #at(name: string, ending: string): string {
    if (!isModelName(name)) throw new RangeError(`${quotedText(name)} is no model's name`);
    return join(this.path, `${name}.${ending}`);
  }
}

function refusal(name: string, expected: string, found: string, remedy: string): EngineError {
  return new EngineError(
    "writeFailed",
    `Model ${name}: expected ${expected}, found: ${found}. ${remedy}`,
  );
}
