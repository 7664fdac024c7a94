/**
 * Asks a hub for a file from some byte on. The hub answers with a redirect to where the bytes lie; what the file is (length,
 * SHA-256, commit) stands in that first answer and is believed from the hub's own host alone: what the other host calls
 * its etag may look the same and is another value.
 */
import { EngineError, messageOf } from "../../core/base/errors.ts";
import { quotedText } from "../../core/base/foreignText.ts";
import { type HubRequest, type HubResponse, NoTunnelError } from "./hubRequest.ts";

export interface Hub {
  readonly address: URL;
  readonly request: HubRequest;
  /** Sent to the hub's own host, and to no other. */
  readonly token?: string | undefined;
}

export interface HubFile {
  readonly repository: string;
  readonly file: string;
  readonly revision: string;
}

/** What the hub says of a file. */
export interface HubFacts {
  readonly sha256?: string;
  readonly bytes?: number;
  readonly revision?: string;
}

export interface OpenedFile {
  readonly facts: HubFacts;
  /** Byte that the body begins with. */
  readonly start: number;
  readonly body: HubResponse["body"];
}

/** It may go better when asked again. */
export class TransientError extends Error {
  /** When the server wants to be asked again; absent if it did not say. */
  readonly afterMs: number | undefined;

  constructor(message: string, afterMs?: number) {
    super(message);
    this.name = "TransientError";
    this.afterMs = afterMs;
  }
}

const MAX_REDIRECTS = 5;
const LOOPBACK = /^(?:localhost|127\.\d+\.\d+\.\d+|\[::1\])$/;

/** The model's page, for people. */
export function pageOf(hub: Hub, repository: string): string {
  return new URL(repository, folderOf(hub.address)).href;
}

/** What the hub says of a file; no byte of it is asked for. @throws as {@link openHubFile}. */
export async function askHubFile(hub: Hub, file: HubFile, signal: AbortSignal): Promise<HubFacts> {
  const isEnough = ({ sha256, bytes }: HubFacts) => (sha256 && bytes) !== undefined;
  const { facts, response } = await follow(hub, file, 0, isEnough, signal);
  response.body.destroy();
  return facts;
}

/**
 * @param offset - first byte that is wanted; the body may begin earlier.
 * @throws TransientError; EngineError hubRefused where asking again would not help; the signal's reason.
 */
export async function openHubFile(
  hub: Hub,
  file: HubFile,
  offset: number,
  signal: AbortSignal,
): Promise<OpenedFile> {
  const { facts, response } = await follow(hub, file, offset, () => false, signal);
  try {
    return { ...startOf(response, facts, offset), body: response.body };
  } catch (error) {
    response.body.destroy();
    throw error;
  }
}

/** Follows redirects up to the bytes, or until `isEnough` of what the hub said. */
async function follow(
  hub: Hub,
  file: HubFile,
  offset: number,
  isEnough: (facts: HubFacts) => boolean,
  signal: AbortSignal,
): Promise<{ readonly facts: HubFacts; readonly response: HubResponse }> {
  const path = [...file.repository.split("/"), "resolve", file.revision, ...file.file.split("/")];
  let url = new URL(path.map(encodeURIComponent).join("/"), folderOf(hub.address));
  let facts: HubFacts = {};
  for (let hop = 0; hop <= MAX_REDIRECTS; hop++) {
    const isHub = url.origin === hub.address.origin;
    const response = await ask(hub, url, offset, isHub, signal);
    const { status, header, body } = response;
    const isAnswer = status >= 200 && status < 400;
    if (isHub && isAnswer) facts = { ...factsOf(response), ...facts };
    if (status === 200 || status === 206 || (isAnswer && isEnough(facts)))
      return { facts, response };
    body.destroy();
    const location = header("location");
    if (!isAnswer || location === undefined) throw statusError(hub, file, response);
    const next = URL.canParse(location, url) ? new URL(location, url) : undefined;
    if (next === undefined || !/^https?:$/.test(next.protocol) || isDowngrade(url, next))
      throw refusal(file, "a redirect to https", `one to ${quotedText(location)}`);
    url = next;
  }
  throw refusal(file, `at most ${MAX_REDIRECTS} redirects`, "more");
}

/** So that an address with a path keeps its last part. */
function folderOf(address: URL): URL {
  return address.pathname.endsWith("/") ? address : new URL(`${address.href}/`);
}

function isDowngrade(from: URL, to: URL): boolean {
  return from.protocol === "https:" && to.protocol !== "https:";
}

async function ask(hub: Hub, url: URL, offset: number, isHub: boolean, signal: AbortSignal) {
  const isPrivate = url.protocol === "https:" || LOOPBACK.test(url.hostname);
  const headers = {
    ...(offset === 0 ? {} : { Range: `bytes=${offset}-` }),
    ...(isHub && isPrivate && hub.token !== undefined
      ? { Authorization: `Bearer ${hub.token}` }
      : {}),
  };
  try {
    return await hub.request(url, headers, signal);
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof NoTunnelError && !isTransient(error.status))
      throw new EngineError(
        "hubUnreachable",
        `Model hub: ${error.message}. ${error.status === 407 ? "Give its user and password (https_proxy=http://USER:PASSWORD@HOST:PORT)" : "Ask whoever runs it to allow that"}, ` +
          "or correct the proxy of the environment (https_proxy, http_proxy, no_proxy) or of VS Code (http.proxy).",
      );
    throw new TransientError(`${url.host} does not answer: ${messageOf(error)}`);
  }
}

function factsOf({ status, header }: HubResponse): HubFacts {
  const etag = (header("x-linked-etag") ?? "").replace(/^W\//, "").replaceAll('"', "");
  const bytes = Number(header("x-linked-size"));
  const length = status === 200 ? Number(header("content-length")) : Number.NaN;
  const known = [bytes, length].find((value) => Number.isSafeInteger(value) && value > 0);
  const revision = header("x-repo-commit");
  return {
    // 40 digits would be git's name of a small file, which is not the SHA-256 of its bytes.
    ...(/^[0-9a-f]{64}$/.test(etag) ? { sha256: etag } : {}),
    ...(known === undefined ? {} : { bytes: known }),
    ...(revision !== undefined && /^[0-9a-f]{40}$/.test(revision) ? { revision } : {}),
  };
}

function startOf({ status, header }: HubResponse, facts: HubFacts, offset: number) {
  const encoding = header("content-encoding");
  if (encoding !== undefined && encoding !== "identity")
    throw new TransientError(`the file came encoded (${quotedText(encoding)})`);
  // Whoever does not know ranges sends all of it.
  if (status === 200) return { facts, start: 0 };
  const range = /^bytes (\d+)-\d+\/(\d+)$/.exec(header("content-range") ?? "");
  const [start, total] = [Number(range?.[1]), Number(range?.[2])];
  if (start !== offset || (facts.bytes !== undefined && total !== facts.bytes))
    throw new TransientError(`another part of the file came (${header("content-range")})`);
  return { facts: { bytes: total, ...facts }, start };
}

function statusError(hub: Hub, file: HubFile, { status, header }: HubResponse): Error {
  const page = pageOf(hub, file.repository);
  if (status === 401 || status === 403)
    return refusal(
      file,
      "leave to fetch it",
      `${status}`,
      `Accept the model's terms at ${page} and set HF_TOKEN to a token of yours, or choose a model that is open.`,
    );
  if (status === 404 || status === 410)
    return refusal(file, "the file", `${status}, it is not there`, `See ${page}.`);
  // 416: what is here already is longer than the file.
  if (status === 416 || isTransient(status)) {
    return new TransientError(
      `${hub.address.host} answered ${status}${status === 429 ? ", too many requests" : ""}`,
      retryAfterMs(header("retry-after")),
    );
  }
  return refusal(file, "the file or a redirect to it", `status ${status}`);
}

function isTransient(status: number): boolean {
  return status === 408 || status === 429 || status >= 500;
}

function retryAfterMs(value: string | undefined): number | undefined {
  if (value === undefined) return undefined;
  const ms = /^\d+$/.test(value) ? Number(value) * 1000 : Date.parse(value) - Date.now();
  return Number.isFinite(ms) ? Math.max(0, ms) : undefined;
}

function refusal(
  { repository, file }: HubFile,
  expected: string,
  found: string,
  remedy = "Try again later, or set another hub (treeline.model.hub, HF_ENDPOINT).",
): EngineError {
  return new EngineError(
    "hubRefused",
    `${file} of ${repository}: expected ${expected}, found ${found}. ${remedy}`,
  );
}
