/** What models took on this machine, kept between sessions: measuring takes seconds, and nothing of it changes by itself. */
import { mkdir, readFile } from "node:fs/promises";
import { arch, cpus, platform } from "node:os";
import { dirname } from "node:path";
import * as v from "valibot";
import { replaceFile } from "../../files/replaceFile.ts";
import type { CatalogueEntry } from "../catalogue/catalogueEntry.ts";
import { estimatedLineMs, lineMs, lineTimeText, type MeasuredSpeed } from "./lineTime.ts";

/** Of the probe, which is no model of anybody's. */
export const PROBE = "probe";

const positive = v.pipe(v.number(), v.finite(), v.gtValue(0));
const speed = v.object({
  promptMs: positive,
  tokenMs: positive,
  bytes: positive,
  promptParameters: positive,
  deviceMemoryBytes: v.optional(positive),
});
const file = v.object({ machine: v.string(), speeds: v.record(v.string(), speed) });

/** The newest last. More than anybody measures; the oldest is forgotten. */
const MAX_SPEEDS = 20;

export class SpeedBook {
  readonly #path: string;
  readonly #machine: string;
  /** By a model's name or path. */
  #speeds: ReadonlyMap<string, MeasuredSpeed>;

  private constructor(path: string, machine: string, speeds: ReadonlyMap<string, MeasuredSpeed>) {
    this.#path = path;
    this.#machine = machine;
    this.#speeds = speeds;
  }

  /** @param gpu - where models run; another backend has other speeds. What cannot be read counts as nothing. */
  static async open(path: string, gpu: string): Promise<SpeedBook> {
    const [cpu] = cpus();
    const machine = [platform(), arch(), cpu?.model ?? "", cpus().length, gpu].join(" ");
    const text = await readFile(path, "utf8").catch(() => "{}");
    const found = v.safeParse(v.pipe(v.string(), v.parseJson(), file), text);
    const isOurs = found.success && found.output.machine === machine;
    return new SpeedBook(path, machine, new Map(isOurs ? Object.entries(found.output.speeds) : []));
  }

  has(model: string): boolean {
    return this.#speeds.has(model);
  }

  /** To estimate others by: of a real model rather than of the probe, of those the newest. */
  get measured(): MeasuredSpeed | undefined {
    const models = [...this.#speeds].filter(([model]) => model !== PROBE);
    return models.at(-1)?.[1] ?? this.#speeds.get(PROBE);
  }

  /** How soon an entry shows a line here, in words; undefined where nobody knows. */
  textOf(entry: CatalogueEntry, toText = lineTimeText): string | undefined {
    const own = this.#speeds.get(entry.name);
    if (own !== undefined) return toText(lineMs(own), false);
    const ms = this.measured === undefined ? undefined : estimatedLineMs(entry, this.measured);
    return ms === undefined ? undefined : toText(ms, true);
  }

  /** @throws what the file system says. */
  async add(model: string, measured: MeasuredSpeed): Promise<void> {
    const speeds = new Map(this.#speeds);
    speeds.delete(model);
    speeds.set(model, measured);
    this.#speeds = new Map([...speeds].slice(-MAX_SPEEDS));
    await mkdir(dirname(this.#path), { recursive: true });
    const text = JSON.stringify({
      machine: this.#machine,
      speeds: Object.fromEntries(this.#speeds),
    });
    await replaceFile(this.#path, text, 0o600);
  }
}
