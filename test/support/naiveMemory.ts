import type { SequenceMemory } from "../../src/llama/target/kvMembership.ts";

interface Cell {
  readonly position: number;
  /** Says which cell it is. */
  readonly content: string;
  readonly ids: Set<number>;
}

/** llama.cpp's unified cache as its header documents it: cells that belong to sets of sequences. */
export class NaiveMemory implements SequenceMemory {
  cells: Cell[] = [];
  numCalls = 0;

  add(position: number, content: string, ids: Iterable<number>): void {
    this.cells.push({ position, content, ids: new Set(ids) });
  }

  seqCopy(from: number, to: number, start: number, end: number): void {
    this.numCalls++;
    for (const { position, ids } of this.cells) {
      if (ids.has(from) && position >= start && position < end) ids.add(to);
    }
  }

  seqRemove(seqId: number, start: number, end: number): boolean {
    this.numCalls++;
    for (const { position, ids } of this.cells) {
      if (position < start || (end >= 0 && position >= end)) continue;
      if (seqId === -1) ids.clear();
      else ids.delete(seqId);
    }
    this.cells = this.cells.filter(({ ids }) => ids.size > 0);
    return true;
  }

  /** Contents of a sequence by position; throws where two cells share one. */
  sequence(id: number): string[] {
    const own = this.cells.filter(({ ids }) => ids.has(id));
    own.sort((a, b) => a.position - b.position);
    own.forEach(({ position }, index) => {
      if (position !== index) throw new Error(`id ${id} has position ${position} as cell ${index}`);
    });
    return own.map(({ content }) => content);
  }
}
