/**
 * An acceptance table for each set of sources that draft together. What a node of one source is worth depends on who
 * else drafted: where the draft model took part, a node that only the recycling store proposed is one that the model
 * left out.
 */

import { type DraftSource, sourceBit } from "../tree/draftTree.ts";
import { AcceptanceTable } from "./acceptanceTable.ts";

/** Learns for as long as it lives; one per pair of models. 17 KB for each set that has drafted. */
export class AcceptanceTables {
  readonly #tables = new Map<number, AcceptanceTable>();
  /** The one that was asked for last. */
  #latest: AcceptanceTable | undefined;

  constructor(tables: Iterable<readonly [sources: number, table: AcceptanceTable]> = []) {
    this.#tables = new Map(tables);
    this.#latest = this.#tables.values().next().value;
  }

  /** The table of these sources; a new one starts from what was learned of others. @param sources - their bits. */
  of(sources: number): AcceptanceTable {
    const table = this.#tables.get(sources) ?? this.#latest?.faded() ?? new AcceptanceTable();
    this.#tables.set(sources, table);
    this.#latest = table;
    return table;
  }

  /** Every table that there is, with the bits of its sources. */
  entries(): Iterable<readonly [sources: number, table: AcceptanceTable]> {
    return this.#tables.entries();
  }

  /** Whatever was learned of a source may be outdated: it sits out, and what it drafts then is judged afresh. */
  doubt(source: DraftSource): void {
    const bit = sourceBit(source);
    for (const [sources, table] of this.#tables) if ((sources & bit) !== 0) table.doubt(source);
  }
}
