/** Which model to take: the largest recommended one that fits into memory and shows its lines soon enough here. */

import type { Catalogue } from "../catalogue/catalogue.ts";
import { bytesOf } from "../catalogue/catalogue.ts";
import type { CatalogueEntry } from "../catalogue/catalogueEntry.ts";
import { estimatedLineMs, type MachineSpeed } from "./lineTime.ts";

/** Weights that leave room for a context, the editor and the system. */
const MEMORY_SHARE = 0.6;
/** Later than this a line comes when most people have gone on. */
const SOON_MS = 1_500;
/** Nobody waits for a line so long. */
const LATE_MS = 5_000;

export interface Advised {
  readonly entry: CatalogueEntry;
  /** Undefined where nobody knows. */
  readonly lineMs: number | undefined;
  readonly fits: boolean;
  /** Whether somebody may want it here: it is the one that is advised, or fits and is not late. */
  readonly isSuitable: boolean;
}

/**
 * @param hostBytes - memory of the machine; where the probe ran on a GPU, that one's counts instead.
 * @returns the recommended models, the advised one first, then those that fit, the faster the earlier; then the others.
 */
export function recommend(
  catalogue: Catalogue,
  hostBytes: number,
  probed: MachineSpeed | undefined,
): Advised[] {
  const all = catalogue.entries
    .filter(({ isRecommended }) => isRecommended)
    .map((entry) => ({
      entry,
      lineMs: probed === undefined ? undefined : estimatedLineMs(entry, probed),
      fits: fitsMemory(entry, hostBytes, probed),
    }))
    .map((one) => ({ ...one, isSuitable: one.fits && (one.lineMs ?? 0) <= LATE_MS }));
  const sizeOf = ({ entry }: Advised) => bytesOf(entry) ?? 0;
  const timeOf = (one: Advised) => one.lineMs ?? sizeOf(one);
  const fitting = all.filter(({ fits }) => fits).sort((a, b) => timeOf(a) - timeOf(b));
  const soon = fitting.filter(({ lineMs }) => lineMs !== undefined && lineMs <= SOON_MS);
  const best =
    soon.toSorted((a, b) => sizeOf(b) - sizeOf(a))[0] ??
    // Nothing is soon, or nobody knows: the smallest is the surest.
    fitting[0];
  const others = fitting.filter((one) => one !== best);
  return [
    ...(best === undefined ? [] : [{ ...best, isSuitable: true }]),
    ...others,
    ...all.filter(({ fits }) => !fits),
  ];
}

/** Whether device, or host, hold a model and what runs beside it. Parameters as of {@link recommend}. */
export function fitsMemory(
  entry: CatalogueEntry,
  hostBytes: number,
  probed: MachineSpeed | undefined,
): boolean {
  return (bytesOf(entry) ?? 0) <= MEMORY_SHARE * (probed?.deviceMemoryBytes ?? hostBytes);
}
