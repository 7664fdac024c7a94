/** The sources of a recording as `tooling/fetchTraceSources.ts` leaves them: a file for each repository. */
import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import type { SourceFile, SourceSpot } from "../../../src/bench/spots/sourceSpots.ts";
import { EngineError } from "../../../src/core/base/errors.ts";
import { TRACE_HALVES, type TracedSource, type TraceHalf } from "../trace/trace.ts";

/** A repository, and the places in it in the order in which they are recorded. */
export interface TraceSource {
  /** With its version. */
  readonly name: string;
  readonly license: string;
  readonly half: TraceHalf;
  /** VS Code's id of the language. */
  readonly languageId: string;
  readonly files: readonly SourceFile[];
  readonly spots: readonly SourceSpot[];
}

const ENDING = ".json";

/** In the order of their files' names. @throws EngineError `invalidRequest` where there are none. */
export async function readTraceSources(
  folder: string,
): Promise<readonly (TraceSource & TracedSource)[]> {
  const names = await readdir(folder).catch(() => []);
  const sources = [];
  for (const name of names.filter((one) => one.endsWith(ENDING)).sort()) {
    const text = await readFile(join(folder, name), "utf8");
    const source = JSON.parse(text) as TraceSource;
    const isOne =
      Array.isArray(source.files) &&
      Array.isArray(source.spots) &&
      TRACE_HALVES.includes(source.half);
    if (!isOne) {
      throw new EngineError(
        "invalidRequest",
        `${join(folder, name)} has no files, spots and half.`,
      );
    }
    sources.push({ ...source, sha256: createHash("sha256").update(text).digest("hex") });
  }
  if (sources.length > 0) return sources;
  throw new EngineError(
    "invalidRequest",
    `Expected sources to record in ${folder}, found none. Run \`npm run traces:sources\` first.`,
  );
}
