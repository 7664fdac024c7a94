/** All models that can be installed by name: those that come with Treeline, and the user's own. */
import { byteText } from "../../core/base/byteText.ts";
import { EngineError } from "../../core/base/errors.ts";
import { quotedText } from "../../core/base/foreignText.ts";
import data from "./catalogue.json" with { type: "json" };
import { type CatalogueEntry, parseEntry } from "./catalogueEntry.ts";

export class Catalogue {
  /** Recommended ones first, then by size. */
  readonly entries: readonly CatalogueEntry[];
  readonly #byName: ReadonlyMap<string, CatalogueEntry>;

  /**
   * @param own - entries of the user's; one with the name of another replaces it.
   * @throws EngineError invalidCatalogue.
   */
  constructor(own: readonly unknown[] = []) {
    const all = [
      ...data.map((entry, index) => parseEntry(entry, `entry ${index}`)),
      ...own.map((entry, index) => parseEntry(entry, `own entry ${index}`)),
    ];
    this.#byName = new Map(all.map((entry) => [entry.name, entry]));
    this.entries = [...this.#byName.values()].sort(
      (a, b) =>
        Number(b.isRecommended) - Number(a.isRecommended) ||
        (bytesOf(a) ?? 0) - (bytesOf(b) ?? 0) ||
        (a.name < b.name ? -1 : 1),
    );
  }

  find(name: string): CatalogueEntry | undefined {
    return this.#byName.get(name);
  }

  /** @throws EngineError unknownModel with names that are alike. */
  get(name: string): CatalogueEntry {
    const entry = this.find(name);
    if (entry !== undefined) return entry;
    const family = /^[a-z]+/.exec(name.toLowerCase())?.[0] ?? "";
    const alike = this.entries.filter((each) => family !== "" && each.name.startsWith(family));
    const names = (alike.length > 0 ? alike : this.entries).slice(0, 4).map((each) => each.name);
    throw new EngineError(
      "unknownModel",
      `Model ${quotedText(name)}: expected a name of the catalogue, such as ${names.join(", ")}; found no such entry. ` +
        '"treeline models list" has all names.',
    );
  }
}

/** Bits that a weight of a file takes, as llama.cpp's quantizations come out on models of this size. */
const BITS_PER_WEIGHT: Readonly<Record<string, number>> = {
  Q4_K_M: 4.95,
  Q5_K_M: 5.75,
  Q6_K: 6.6,
  Q8_0: 8.55,
};

/** A file's size: as it is known, or from weights and type, then a few percent off; undefined where neither is. */
export function bytesOf({ bytes, parameters, quantization }: CatalogueEntry): number | undefined {
  if (bytes !== undefined) return bytes;
  const bits = quantization === undefined ? undefined : BITS_PER_WEIGHT[quantization];
  return parameters === undefined || bits === undefined ? undefined : (parameters * 1e9 * bits) / 8;
}

/** "1.65 GB", "about 1.3 GB" where nobody vouches for the size. */
export function sizeText(entry: CatalogueEntry): string {
  const bytes = bytesOf(entry);
  if (bytes === undefined) return "size unknown";
  const text = byteText(bytes);
  return entry.bytes === undefined ? `about ${text}` : text;
}

/** "Apache License 2.0, commercial use allowed". */
export function licenceText({ name, commercialUse }: CatalogueEntry["licence"]): string {
  const words = {
    yes: "commercial use allowed",
    no: "no commercial use",
    conditional: "commercial use under conditions",
    unknown: "whether it allows commercial use is not known",
  };
  return name === "unknown"
    ? "licence unknown, see the model's page"
    : `${name}, ${words[commercialUse]}`;
}

/** An entry with its type: "Qwen2.5-Coder 1.5B, Q8_0". */
export function titleText({ title, quantization }: CatalogueEntry): string {
  return quantization === undefined ? title : `${title}, ${quantization}`;
}
