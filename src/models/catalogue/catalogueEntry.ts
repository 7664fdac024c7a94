/**
 * One model that can be installed: where its file lies on a hub, what it is, what its licence allows. The catalogue is data
 * (catalogue.json); entries of the user's own have the same form. What nobody vouches for is null there and absent here.
 */
import { EngineError } from "../../core/base/errors.ts";
import { quotedText } from "../../core/base/foreignText.ts";

export const COMMERCIAL_USES = ["yes", "conditional", "no", "unknown"] as const;
export type CommercialUse = (typeof COMMERCIAL_USES)[number];

export interface Licence {
  readonly name: string;
  readonly commercialUse: CommercialUse;
  readonly url?: string;
}

export interface CatalogueEntry {
  /** What commands and settings call it; also the name of its file on this disk. */
  readonly name: string;
  readonly title: string;
  /** `owner/name` on the hub. */
  readonly repository: string;
  /** Path of the file in the repository. */
  readonly file: string;
  /** Commit that is fetched; the newest if absent. */
  readonly revision?: string;
  readonly bytes?: number;
  /** 64 hex digits, lower case. */
  readonly sha256?: string;
  /** Weights in thousands of millions, those of all experts. */
  readonly parameters?: number;
  /** Of a mixture of experts, those that one token passes. */
  readonly activeParameters?: number;
  /** Those that a token of a prompt passes, the embeddings left out. */
  readonly promptParameters?: number;
  readonly quantization?: string;
  /** Base models fill in better than those trained to chat. */
  readonly kind: "base" | "instruct";
  /** Whether advice may name it. */
  readonly isRecommended: boolean;
  readonly licence: Licence;
  /** Names of entries that share its vocabulary and are small enough to draft for it, best first. */
  readonly drafts: readonly string[];
  /** Addresses that vouch for this. */
  readonly sources: readonly string[];
}

const NAME = /^[a-z0-9][a-z0-9._-]{0,99}$/;
/** Names the file that says which models are used, in the folder of the models. */
export const CHOICE = "chosen";
const REPOSITORY = /^[\w-][\w.-]*\/[\w-][\w.-]*$/;
const FILE = /^(?:[\w-][\w. +-]*\/)*[\w-][\w. +-]*\.gguf$/i;
const REVISION = /^[\w-][\w.-]*$/;

/** Whether a text could be an entry's name: no path is, nor what names another file beside the models. */
export function isModelName(text: string): boolean {
  return NAME.test(text) && !text.endsWith(".gguf") && !text.includes("..") && text !== CHOICE;
}

/**
 * @param where - where the entry stands, for the message.
 * @throws EngineError invalidCatalogue that names field, expectation and finding. Nothing that passes can leave the folder it
 * is fetched to.
 */
export function parseEntry(value: unknown, where: string): CatalogueEntry {
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw fault(where, "an object", value);
  const fields = value as Readonly<Record<string, unknown>>;
  const at = (name: string) => `${where}.${name}`;
  const text = (name: string, pattern: RegExp, expected: string): string => {
    const found = fields[name];
    if (typeof found !== "string" || !pattern.test(found) || found.includes(".."))
      throw fault(at(name), expected, found);
    return found;
  };
  const optional = <T>(name: string, read: () => T): T | undefined =>
    (fields[name] ?? undefined) === undefined ? undefined : read();
  const number = (name: string): number | undefined =>
    optional(name, () => {
      const found = fields[name];
      if (typeof found !== "number" || !(found > 0) || !Number.isFinite(found))
        throw fault(at(name), "a number above 0", found);
      return found;
    });
  const texts = (name: string): readonly string[] => {
    const found = fields[name] ?? [];
    if (!Array.isArray(found) || found.some((each) => typeof each !== "string"))
      throw fault(at(name), "a list of texts", found);
    return found;
  };
  const name = text("name", NAME, "a name of a-z, 0-9, '.', '_' and '-'");
  if (!isModelName(name)) throw fault(at("name"), `a name that is no file's, nor ${CHOICE}`, name);
  const { kind = "base" } = fields;
  if (kind !== "base" && kind !== "instruct") throw fault(at("kind"), "base or instruct", kind);
  return withoutAbsent({
    name,
    title: optional("title", () => text("title", /^.{1,100}$/, "a short text")) ?? name,
    repository: text("repository", REPOSITORY, "owner/name"),
    file: text("file", FILE, "a .gguf file's path inside the repository"),
    revision: optional("revision", () => text("revision", REVISION, "a commit or branch")),
    bytes: number("bytes"),
    sha256: optional("sha256", () => text("sha256", /^[0-9a-f]{64}$/, "64 hex digits")),
    parameters: number("parameters"),
    activeParameters: number("activeParameters"),
    promptParameters: number("promptParameters"),
    quantization: optional("quantization", () => text("quantization", /^\w{1,20}$/, "a type")),
    kind,
    isRecommended: fields["recommended"] === true,
    licence: parseLicence(fields["licence"] ?? {}, at("licence")),
    drafts: texts("drafts"),
    sources: texts("sources"),
  });
}

function parseLicence(value: unknown, where: string): Licence {
  if (typeof value !== "object" || value === null) throw fault(where, "an object", value);
  const { name = "unknown", commercialUse = "unknown", url } = value as Record<string, unknown>;
  const use = COMMERCIAL_USES.find((each) => each === commercialUse);
  if (typeof name !== "string") throw fault(`${where}.name`, "a text", name);
  if (use === undefined)
    throw fault(`${where}.commercialUse`, COMMERCIAL_USES.join(", "), commercialUse);
  return { name, commercialUse: use, ...(isWebAddress(url) ? { url } : {}) };
}

function isWebAddress(value: unknown): value is string {
  return typeof value === "string" && /^https:\/\/\S+$/.test(value);
}

type Present<T> = { [K in keyof T]: undefined extends T[K] ? Exclude<T[K], undefined> : T[K] };
function withoutAbsent<T extends object>(fields: T): Present<T> {
  return Object.fromEntries(
    Object.entries(fields).filter(([, value]) => value !== undefined),
  ) as Present<T>;
}

function fault(where: string, expected: string, found: unknown): EngineError {
  return new EngineError(
    "invalidCatalogue",
    `Model catalogue, ${where}: expected ${expected}, found ${quotedText(JSON.stringify(found) ?? "nothing")}. ` +
      "Correct the entry.",
  );
}
