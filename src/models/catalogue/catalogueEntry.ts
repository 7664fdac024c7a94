/**
 * One model that can be installed: where its file lies on a hub, what it is, what its licence allows. The catalogue is data
 * (catalogue.json); entries of the user's own have the same form. What nobody vouches for is null there and absent here.
 */
import * as v from "valibot";
import { EngineError } from "../../core/base/errors.ts";
import { quotedText } from "../../core/base/foreignText.ts";

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

const COMMERCIAL_USES = ["yes", "conditional", "no", "unknown"] as const;

/** No path among them leads out of the folder that it is joined to. */
function text(pattern: RegExp, expected: string) {
  return v.pipe(
    v.string(expected),
    v.check((found) => pattern.test(found) && !found.includes(".."), expected),
  );
}

const POSITIVE = "a number above 0";
const amount = v.optional(v.pipe(v.number(POSITIVE), v.gtValue(0, POSITIVE), v.finite(POSITIVE)));

const texts = v.optional(
  v.custom<readonly string[]>(
    (found) => Array.isArray(found) && found.every((each) => typeof each === "string"),
    "a list of texts",
  ),
  [],
);

const licence = v.pipe(
  v.object(
    {
      name: v.optional(v.string("a text"), "unknown"),
      commercialUse: v.optional(v.picklist(COMMERCIAL_USES, COMMERCIAL_USES.join(", ")), "unknown"),
      url: v.optional(v.unknown()),
    },
    "an object",
  ),
  v.transform(({ url, ...rest }) => ({ ...rest, ...(isWebAddress(url) ? { url } : {}) })),
);

const fields = v.object({
  /** What commands and settings call it; also the name of its file on this disk. */
  name: v.pipe(
    text(NAME, "a name of a-z, 0-9, '.', '_' and '-'"),
    v.check(isModelName, `a name that is no file's, nor ${CHOICE}`),
  ),
  title: v.optional(text(/^.{1,100}$/, "a short text")),
  /** `owner/name` on the hub. */
  repository: text(REPOSITORY, "owner/name"),
  /** Path of the file in the repository. */
  file: text(FILE, "a .gguf file's path inside the repository"),
  /** Commit that is fetched; the newest if absent. */
  revision: v.optional(text(REVISION, "a commit or branch")),
  bytes: amount,
  sha256: v.optional(text(/^[0-9a-f]{64}$/, "64 hex digits")),
  /** Weights in thousands of millions, those of all experts. */
  parameters: amount,
  /** Of a mixture of experts, those that one token passes. */
  activeParameters: amount,
  /** Those that a token of a prompt passes, the embeddings left out. */
  promptParameters: amount,
  quantization: v.optional(text(/^\w{1,20}$/, "a type")),
  /** Base models fill in better than those trained to chat. */
  kind: v.optional(v.picklist(["base", "instruct"], "base or instruct"), "base"),
  /** Whether advice may name it. */
  recommended: v.unknown(),
  licence: v.optional(licence, {}),
  /** Names of entries that share its vocabulary and are small enough to draft for it, best first. */
  drafts: texts,
  /** Addresses that vouch for this. */
  sources: texts,
});

const entry = v.pipe(
  fields,
  v.transform(({ title, recommended, ...rest }) => ({
    ...rest,
    title: title ?? rest.name,
    isRecommended: recommended === true,
  })),
);
export type CatalogueEntry = Readonly<v.InferOutput<typeof entry>>;

/**
 * @param where - where the entry stands, for the message.
 * @throws EngineError invalidCatalogue that names field, expectation and finding. Nothing that passes can leave the folder it
 * is fetched to.
 */
export function parseEntry(value: unknown, where: string): CatalogueEntry {
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw fault(where, "an object", value);
  const given: Readonly<Record<string, unknown>> = { ...value };
  // Each has its key, so that a field that is not there is told as one that is wrong.
  const all = Object.keys(fields.entries).map((key) => [key, given[key] ?? undefined]);
  const found = v.safeParse(entry, Object.fromEntries(all), { abortEarly: true });
  if (found.success) return found.output;
  const [issue] = found.issues;
  throw fault(`${where}.${v.getDotPath(issue)}`, issue.message, issue.input);
}

function isWebAddress(value: unknown): value is string {
  return typeof value === "string" && /^https:\/\/\S+$/.test(value);
}

function fault(where: string, expected: string, found: unknown): EngineError {
  return new EngineError(
    "invalidCatalogue",
    `Model catalogue, ${where}: expected ${expected}, found ${quotedText(JSON.stringify(found) ?? "nothing")}. ` +
      "Correct the entry.",
  );
}
