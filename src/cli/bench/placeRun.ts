/** What the suites that ask place by place share: the places, and how far they are. */
import { drawStopSpots, languagesOf, type StopSpot } from "../../bench/spots/stopSpots.ts";
import type { BenchSources } from "../../engine/protocol/benchMessages.ts";
import { CliError } from "../base/cliError.ts";
import type { Terminal } from "../base/terminal.ts";
import { SOURCE_PACKAGES } from "../sources/packageSources.ts";
import type { SuiteSurroundings } from "./benchSuite.ts";
import { workspaceSources } from "./speedSuite.ts";

/** The folder that is named, or the packages' sources. @throws CliError where they hold no code. */
export async function drawPlaces(
  { options, context }: SuiteSurroundings,
  count: number,
  signal: AbortSignal,
): Promise<{ readonly sources: BenchSources; readonly spots: readonly StopSpot[] }> {
  const sources = await workspaceSources({ options, context }, signal, SOURCE_PACKAGES);
  try {
    return { sources, spots: drawStopSpots(sources.files, count, options.seed) };
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new CliError(
      `Expected code to hide lines of in ${sources.origin}, found none in a language that is known here. Name another --workspace.`,
    );
  }
}

/**
 * Says how many places there are.
 * @returns to be called at each that is done, which says how far it is; `isKnown`: from an earlier run.
 */
export function placeProgress(
  name: string,
  spots: readonly StopSpot[],
  terminal: Terminal,
): (isKnown: boolean) => void {
  const languages = languagesOf(spots.map(({ path }) => ({ path, text: "" })));
  const numFiles = new Set(spots.map(({ path }) => path)).size;
  terminal.note(`${name}: ${spots.length} places in ${numFiles} files, ${languages.join(", ")}`);
  const start = performance.now();
  let numDone = 0;
  let numAsked = 0;
  return (isKnown) => {
    numDone++;
    if (!isKnown) numAsked++;
    const elapsed = performance.now() - start;
    const left = (elapsed / Math.max(1, numAsked)) * (spots.length - numDone);
    const when = numAsked === 0 ? "" : `, ${Math.ceil(left / 60_000)} min to go`;
    terminal.progress(`${name}: ${numDone} of ${spots.length} places${when}`);
  };
}
