/** Which model to take: the largest recommended one that fits into memory and shows its lines soon enough here. */

import type { Catalogue } from "../catalogue/catalogue.ts";
import { bytesOf } from "../catalogue/catalogue.ts";
import type { CatalogueEntry } from "../catalogue/catalogueEntry.ts";
import { estimatedLineMs, type MeasuredSpeed } from "./lineTime.ts";

/** Weights that leave room for a context, the editor and the system. */
export const MEMORY_SHARE = 0.6;
/** Later than this a line comes when most people have gone on. */
const SOON_MS = 1_500;

export interface Advised {
  readonly entry: CatalogueEntry;
  /** Undefined where nobody knows. */
  readonly lineMs: number | undefined;
  readonly fits: boolean;
}

/**
 * @param memoryBytes - of the machine, or of its GPU where the models run there.
 * @returns the recommended models, the advised one first, then those that fit, the faster the earlier; then the others.
 */
export function recommend(
  catalogue: Catalogue,
  memoryBytes: number,
  measured: MeasuredSpeed | undefined,
): Advised[] {
  const all = catalogue.entries
    .filter(({ isRecommended }) => isRecommended)
    .map((entry) => ({
      entry,
      lineMs: measured === undefined ? undefined : estimatedLineMs(entry, measured),
      fits: fitsMemory(entry, memoryBytes),
    }));
  const sizeOf = ({ entry }: Advised) => bytesOf(entry) ?? 0;
  const timeOf = (one: Advised) => one.lineMs ?? sizeOf(one);
  const fitting = all.filter(({ fits }) => fits).sort((a, b) => timeOf(a) - timeOf(b));
  const soon = fitting.filter(({ lineMs }) => lineMs !== undefined && lineMs <= SOON_MS);
  const best =
    soon.toSorted((a, b) => sizeOf(b) - sizeOf(a))[0] ??
    // Nothing is soon, or nobody knows: the smallest is the surest.
    fitting[0];
  const others = fitting.filter((one) => one !== best);
  return [...(best === undefined ? [] : [best]), ...others, ...all.filter(({ fits }) => !fits)];
}

export function fitsMemory(entry: CatalogueEntry, memoryBytes: number): boolean {
  return (bytesOf(entry) ?? 0) <= MEMORY_SHARE * memoryBytes;
}
