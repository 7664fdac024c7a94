/** What models took on this machine, kept between sessions: measuring takes seconds, and nothing of it changes by itself. */
import { mkdir, readFile } from "node:fs/promises";
import { arch, cpus, platform } from "node:os";
import { dirname } from "node:path";
import * as v from "valibot";
import { replaceFile } from "../../files/replaceFile.ts";
import type { CatalogueEntry } from "../catalogue/catalogueEntry.ts";
import {
  estimatedLineMs,
  lineMs,
  lineTimeText,
  type MachineSpeed,
  type MeasuredSpeed,
} from "./lineTime.ts";

const positive = v.pipe(v.number(), v.finite(), v.gtValue(0));
const speed = v.object({ promptMs: positive, tokenMs: positive });
const machineSpeed = v.object({
  types: v.object({ Q4_K: speed, Q5_0: speed, Q8_0: speed }),
  deviceMemoryBytes: v.optional(positive),
});
const file = v.object({
  machine: v.string(),
  probed: v.optional(machineSpeed),
  models: v.record(v.string(), speed),
});

/** The newest last. More than anybody measures; the oldest is forgotten. */
const MAX_SPEEDS = 20;

export class SpeedBook {
  readonly #path: string;
  #known: v.InferOutput<typeof file>;

  private constructor(path: string, known: v.InferOutput<typeof file>) {
    this.#path = path;
    this.#known = known;
  }

  /** @param gpu - where models run; another backend has other speeds. What cannot be read counts as nothing. */
  static async open(path: string, gpu: string): Promise<SpeedBook> {
    const [cpu] = cpus();
    const machine = [platform(), arch(), cpu?.model ?? "", cpus().length, gpu].join(" ");
    const text = await readFile(path, "utf8").catch(() => "{}");
    const found = v.safeParse(v.pipe(v.string(), v.parseJson(), file), text);
    const isOfHere = found.success && found.output.machine === machine;
    return new SpeedBook(path, isOfHere ? found.output : { machine, models: {} });
  }

  has(model: string): boolean {
    return Object.hasOwn(this.#known.models, model);
  }

  /** What models are estimated by; undefined where the machine was not probed. */
  get probed(): MachineSpeed | undefined {
    return this.#known.probed;
  }

  /** How soon an entry shows a line here, in words; undefined where nobody knows. */
  textOf(entry: CatalogueEntry, toText = lineTimeText): string | undefined {
    const own = this.has(entry.name) ? this.#known.models[entry.name] : undefined;
    if (own !== undefined) return toText(lineMs(own), false);
    const ms = this.probed === undefined ? undefined : estimatedLineMs(entry, this.probed);
    return ms === undefined ? undefined : toText(ms, true);
  }

  /** @throws what the file system says. */
  async addProbed(probed: MachineSpeed): Promise<void> {
    await this.#write({ ...this.#known, probed });
  }

  /** @throws what the file system says. */
  async addModel(name: string, { promptMs, tokenMs }: MeasuredSpeed): Promise<void> {
    const { [name]: _, ...others } = this.#known.models;
    const models = Object.entries({ ...others, [name]: { promptMs, tokenMs } });
    await this.#write({ ...this.#known, models: Object.fromEntries(models.slice(-MAX_SPEEDS)) });
  }

  async #write(known: v.InferOutput<typeof file>): Promise<void> {
    this.#known = known;
    await mkdir(dirname(this.#path), { recursive: true });
    await replaceFile(this.#path, JSON.stringify(known), 0o600);
  }
}
