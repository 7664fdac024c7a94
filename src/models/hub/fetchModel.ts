/**
 * Fetches a model so that at its name there is the whole file or none. What is fetched goes into a part, which outlives a
 * cancel, a fault and the process; it gets the model's name when its SHA-256 is the hub's.
 */
import { rm, statfs } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { byteText } from "../../core/base/byteText.ts";
import { EngineError, messageOf } from "../../core/base/errors.ts";
import { renameOver } from "../../files/replaceFile.ts";
import { licenceText } from "../catalogue/catalogue.ts";
import type { CatalogueEntry } from "../catalogue/catalogueEntry.ts";
import { withLock } from "../disk/folderLock.ts";
import type { InstalledModel, ModelFolder } from "../disk/modelFolder.ts";
import { PartFile } from "../disk/partFile.ts";
import { type FetchProgress, TransferRate } from "./fetchProgress.ts";
import {
  askHubFile,
  type Hub,
  type HubFacts,
  type HubFile,
  type OpenedFile,
  openHubFile,
  TransientError,
} from "./openHubFile.ts";

export interface FetchOptions {
  readonly hub: Hub;
  readonly folder: ModelFolder;
  readonly onProgress: (progress: FetchProgress) => void;
  /** Free bytes of a folder's disk. */
  readonly freeBytes?: (folder: string) => Promise<number>;
  /** So often it is asked how much is free. */
  readonly lookBytes?: number;
  /** Before the n-th try again without a byte in between, in ms. */
  readonly retryMs?: readonly number[];
}

/** A disk is never filled beyond this. */
const SPARE_BYTES = 200e6;
const LOOK_BYTES = 64e6;
const RETRY_MS = [1_000, 4_000, 15_000, 30_000];
const MAX_WAIT_MS = 120_000;
const FEW_BYTES = 1e6;

/** A file whose hash and length are known. */
type KnownFacts = HubFacts & Required<Pick<HubFacts, "sha256" | "bytes">>;

/**
 * @returns the model, also where it was there already or another process fetched it meanwhile.
 * @throws EngineError hubRefused, hubUnreachable, checksumMismatch, diskFull, downloadFailed, writeFailed where a file of this
 * name is another's; the signal's reason.
 */
export async function fetchModel(
  entry: CatalogueEntry,
  options: FetchOptions,
  signal: AbortSignal,
): Promise<InstalledModel> {
  const { folder, onProgress } = options;
  try {
    const there = await folder.find(entry.name);
    if (there !== undefined) return there;
    await folder.expectOwn(entry.name);
    await folder.make();
    const fetchIt = async (ownSignal: AbortSignal) =>
      (await folder.find(entry.name)) ?? (await fetchLocked(entry, options, ownSignal));
    const onWait = () => onProgress({ phase: "waiting", doneBytes: 0 });
    return await withLock(folder.lockOf(entry.name), fetchIt, onWait, signal);
  } catch (error) {
    signal.throwIfAborted();
    throw error instanceof EngineError ? error : fault(entry, error);
  }
}

async function fetchLocked(
  entry: CatalogueEntry,
  options: FetchOptions,
  signal: AbortSignal,
): Promise<InstalledModel> {
  const { hub, folder, onProgress } = options;
  const { name, repository, file } = entry;
  onProgress({ phase: "asking", doneBytes: 0 });
  const asked: HubFile = { repository, file, revision: entry.revision ?? "main" };
  const ask = async () => known(entry, await askHubFile(hub, asked, signal));
  const facts = await patiently(options, ask, signal);
  const partPath = folder.partOf(name, facts.sha256);
  const pinned = { ...asked, revision: facts.revision ?? asked.revision };
  {
    const onRead = (doneBytes: number) =>
      onProgress({ phase: "checking", doneBytes, totalBytes: facts.bytes });
    await using part = await PartFile.open(partPath, onRead, signal);
    await fill(entry, part, facts, pinned, options, signal);
    const found = await part.finish();
    if (found !== facts.sha256) {
      await rm(partPath, { force: true });
      throw new EngineError(
        "checksumMismatch",
        `${file} of ${repository}: expected SHA-256 ${facts.sha256}, found ${found}; what came is deleted. ` +
          "Something between here and the hub changes files: try again, or another network or hub.",
      );
    }
  }
  const record = {
    name,
    repository,
    file,
    ...(facts.revision === undefined ? {} : { revision: facts.revision }),
    bytes: facts.bytes,
    sha256: facts.sha256,
    licence: licenceText(entry.licence),
    installedAt: new Date().toISOString(),
  };
  signal.throwIfAborted();
  await folder.expectOwn(name);
  await folder.record(record);
  const path = folder.pathOf(name);
  await renameOver(partPath, path);
  // Of other files of this name that were begun, such as an earlier commit's.
  await folder.removeLeftParts(name);
  return { ...record, path };
}

/** What the hub says and the catalogue knows, which must agree. @throws EngineError checksumMismatch, hubRefused. */
function known(entry: CatalogueEntry, facts: HubFacts): KnownFacts {
  const { repository, file, revision } = entry;
  const sha256 = facts.sha256 ?? entry.sha256;
  const bytes = facts.bytes ?? entry.bytes;
  if (sha256 === undefined || bytes === undefined)
    throw new EngineError(
      "hubRefused",
      `${file} of ${repository}: expected the hub to state size and SHA-256 (x-linked-size, x-linked-etag), found neither, ` +
        "so nobody could tell whether what comes is the file. Use another hub.",
    );
  // Without a pinned commit the file may have been replaced since the catalogue was written.
  if (revision !== undefined && entry.sha256 !== undefined && entry.sha256 !== sha256)
    throw new EngineError(
      "checksumMismatch",
      `${file} of ${repository}: expected the catalogue's SHA-256 ${entry.sha256}, found that the hub says ${sha256}. ` +
        "Nothing was fetched. Use another hub, or another model.",
    );
  return { ...facts, sha256, bytes };
}

/** Brings the part to the file's length. */
async function fill(
  entry: CatalogueEntry,
  part: PartFile,
  facts: KnownFacts,
  file: HubFile,
  options: FetchOptions,
  signal: AbortSignal,
): Promise<void> {
  const { folder, onProgress, retryMs = RETRY_MS } = options;
  const { freeBytes = freeOnDisk, lookBytes = LOOK_BYTES } = options;
  if (part.bytes > facts.bytes) await part.empty();
  const checkRoom = async (missing: number) => {
    const free = await freeBytes(folder.path);
    if (free < missing + SPARE_BYTES) throw noRoom(entry, missing, `${byteText(free)} free`);
  };
  await checkRoom(facts.bytes - part.bytes);
  const rate = new TransferRate();
  const report = () => onProgress(rate.progress(part.bytes, facts.bytes, performance.now()));
  let lookAt = part.bytes + lookBytes;
  const receive = async (body: OpenedFile["body"]) => {
    for await (const chunk of body) {
      signal.throwIfAborted();
      if (chunk.length > facts.bytes - part.bytes)
        throw new TransientError("more came than the file has");
      await part.append(chunk);
      report();
      if (part.bytes < lookAt) continue;
      lookAt = part.bytes + lookBytes;
      await checkRoom(0);
    }
  };
  const ask = async () => {
    const from = part.bytes;
    const { start, body, facts: now } = await openHubFile(options.hub, file, from, signal);
    try {
      checkSame(now, facts);
      if (start !== from) await part.empty();
      await receive(body);
    } catch (error) {
      signal.throwIfAborted();
      if (isRoomError(error)) throw noRoom(entry, facts.bytes - part.bytes, messageOf(error));
      if (isFileError(error) || error instanceof EngineError) throw error;
      // What came is kept; a connection that brings something each time may break as often as it likes.
      if (part.bytes === from)
        throw new TransientError(`the connection broke: ${messageOf(error)}`);
    } finally {
      body.destroy();
    }
    if (part.bytes === from) throw new TransientError("the connection ended without a byte");
  };
  while (part.bytes < facts.bytes) {
    const before = part.bytes;
    await patiently(options, ask, signal);
    // A server that knows no ranges and never gets to the end would be asked for ever.
    if (part.bytes < before)
      throw new EngineError(
        "downloadFailed",
        `${entry.file} of ${entry.repository}: expected ${byteText(facts.bytes)}, found that the hub sends it from the ` +
          `start only and ends after ${byteText(part.bytes)}. Try again, or another hub.`,
      );
    // One that ends each answer soon is not asked in a rush.
    if (part.bytes < facts.bytes && part.bytes - before < FEW_BYTES)
      await sleep(retryMs[0] ?? 0, undefined, { signal });
  }
}

function checkSame(now: HubFacts, before: KnownFacts): void {
  const { sha256 = before.sha256, bytes = before.bytes } = now;
  if (sha256 !== before.sha256 || bytes !== before.bytes)
    throw new EngineError(
      "downloadFailed",
      "The file was replaced on the hub while it was fetched: expected one file, found two. Try again.",
    );
}

/** Tries again where that may help, with longer and longer waits. @throws EngineError hubUnreachable at the end. */
async function patiently<T>(
  { onProgress, hub, retryMs = RETRY_MS }: FetchOptions,
  work: () => Promise<T>,
  signal: AbortSignal,
): Promise<T> {
  for (let tries = 0; ; tries++) {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof TransientError)) throw error;
      const waitMs = error.afterMs ?? retryMs[tries] ?? 0;
      if (tries >= retryMs.length || waitMs > MAX_WAIT_MS)
        throw new EngineError(
          "hubUnreachable",
          `Model hub ${hub.address.host}: expected the file, found: ${error.message}. ` +
            "What came is kept and the next try goes on from there. Check connection and proxy, or try later.",
        );
      onProgress({ phase: "retrying", doneBytes: 0, detail: error.message });
      await sleep(waitMs, undefined, { signal });
    }
  }
}

async function freeOnDisk(folder: string): Promise<number> {
  return statfs(folder).then(
    ({ bavail, bsize }) => bavail * bsize,
    // Writing finds out.
    () => Number.POSITIVE_INFINITY,
  );
}

const ROOM_CODES = new Set(["ENOSPC", "EDQUOT", "EFBIG"]);
const FILE_CALLS = new Set(["write", "open", "ftruncate", "fsync"]);

function isRoomError(error: unknown): boolean {
  return ROOM_CODES.has((error as NodeJS.ErrnoException).code ?? "");
}

/** A fault of the disk, which has a path or a call to it; one of the connection is another try's matter. */
function isFileError(error: unknown): boolean {
  return FILE_CALLS.has((error as NodeJS.ErrnoException).syscall ?? "");
}

function noRoom({ name }: CatalogueEntry, missing: number, found: string): EngineError {
  return new EngineError(
    "diskFull",
    `Model ${name}: expected room for ${byteText(missing + SPARE_BYTES)} more, found ${found}. ` +
      "Free some, or choose a smaller model or another folder (treeline.model.folder, TREELINE_MODELS). What came is kept.",
  );
}

function fault(entry: CatalogueEntry, error: unknown): EngineError {
  return isRoomError(error)
    ? noRoom(entry, 0, messageOf(error))
    : new EngineError(
        "downloadFailed",
        `Model ${entry.name}: expected to write its file, found: ${messageOf(error)}. Check the folder's permissions and the disk.`,
        { cause: error },
      );
}
