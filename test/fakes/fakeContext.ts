/**
 * A llama.cpp context over sets of cells: the rows of a batch are read from native memory as llama.cpp reads them, and a row's
 * logits are a function of the tokens that its sequence holds. Exact, so a wrong cell shows.
 */
import koffi from "koffi";
import { EngineError } from "../../src/core/base/errors.ts";
import type { Pointer, StructValue } from "../../src/llama/native/llamaFunctions.ts";
import type { LlamaContext, LlamaMemory } from "../../src/llama/target/llamaContext.ts";
import type { TrunkStates } from "../../src/llama/target/parkedPrompts.ts";
import { NaiveMemory } from "../support/naiveMemory.ts";
import type { LogitsOf } from "./fakeTarget.ts";

interface BatchStruct {
  readonly token: Int32Array | null;
  readonly embd: Float32Array | null;
  readonly pos: Int32Array;
  readonly n_seq_id: Int32Array;
  readonly seq_id: BigUint64Array;
}

interface Row {
  readonly token: number;
  readonly position: number;
  readonly ids: readonly number[];
}

class FakeMemory extends NaiveMemory implements LlamaMemory {
  seqPosMax(seqId: number): number {
    return this.cells.reduce(
      (last, { position, ids }) => (ids.has(seqId) ? Math.max(last, position) : last),
      -1,
    );
  }

  clear(): void {
    this.cells = [];
  }
}

export interface FakeContextOptions {
  readonly vocabSize: number;
  readonly size: number;
  readonly logitsOf: LogitsOf;
  /** Whether cells can be copied. */
  readonly parks?: boolean;
}

export class FakeContext implements LlamaContext {
  readonly memory = new FakeMemory();
  readonly model: LlamaContext["model"];
  readonly size: number;
  readonly maxBatch = 64;
  readonly maxNodes = 32;
  readonly maxBranches = 16;
  readonly trunkStates: TrunkStates | undefined;
  /** Copies made, and copies taken back. */
  numCopies = 0;
  readonly numThreads = 1;
  readonly partRows = 16;
  numRows = 0;
  /** Called while a pass runs. */
  onPass: ((numRows: number) => void) | undefined;
  readonly #logitsOf: LogitsOf;
  #logits: Float32Array[] = [];

  constructor({ vocabSize, size, logitsOf, parks = true }: FakeContextOptions) {
    this.size = size;
    this.trunkStates = parks ? this.#states() : undefined;
    this.#logitsOf = logitsOf;
    const model = {
      vocabulary: { size: vocabSize },
      embeddingWidth: vocabSize,
      embeddingRows(tokens: Int32Array): Float32Array {
        const rows = new Float32Array(tokens.length * vocabSize);
        tokens.forEach((token, row) => {
          rows[row * vocabSize + token] = 1;
        });
        return rows;
      },
    };
    this.model = model as unknown as LlamaContext["model"];
  }

  freezeThreads(): Disposable {
    return { [Symbol.dispose]() {} };
  }

  async decode(struct: StructValue, numRows: number, signal?: AbortSignal): Promise<boolean> {
    const rows = this.#rowsOf(struct as unknown as BatchStruct, numRows);
    await Promise.resolve();
    this.onPass?.(numRows);
    const { memory } = this;
    if (memory.cells.length + numRows > this.size) {
      throw new EngineError("contextFull", "no room in the KV cache");
    }
    for (const { token, position, ids } of rows) memory.add(position, `${token}`, ids);
    // llama.cpp takes some of the cells back then; nobody may count on that.
    if (signal?.aborted) return false;
    this.numRows += numRows;
    this.#logits = rows.map(({ position, ids }) => {
      const histories = ids.map((id) =>
        memory
          .sequence(id)
          .slice(0, position + 1)
          .join(" "),
      );
      if (new Set(histories).size !== 1) throw new Error("a row's sequences hold different pasts");
      return this.#logitsOf(histories[0]!.split(" ").map(Number));
    });
    return true;
  }

  logitsRow(row: number): Pointer {
    return BigInt(row);
  }

  copyRow(destination: Float32Array, address: Pointer): void {
    destination.set(this.#logits[Number(address)]!);
  }

  [Symbol.dispose](): void {}

  #states(): TrunkStates {
    const { memory } = this;
    const copy = () => new TextEncoder().encode(JSON.stringify(memory.sequence(0)));
    return {
      get numBytes() {
        return copy().length;
      },
      read: (state) => {
        this.numCopies++;
        state.set(copy());
        return true;
      },
      write: (state) => {
        this.numCopies++;
        const contents = JSON.parse(new TextDecoder().decode(state)) as string[];
        if (memory.seqPosMax(0) !== -1 || memory.cells.length + contents.length > this.size) {
          return false;
        }
        for (const [position, content] of contents.entries()) memory.add(position, content, [0]);
        return true;
      },
    };
  }

  #rowsOf({ token, embd, pos, n_seq_id, seq_id }: BatchStruct, numRows: number): Row[] {
    const { size: vocabSize } = this.model.vocabulary;
    return Array.from({ length: numRows }, (_, row) => ({
      token: token?.[row] ?? embd!.subarray(row * vocabSize, (row + 1) * vocabSize).indexOf(1),
      position: pos[row]!,
      ids: Array.from(koffi.decode(seq_id[row]!, koffi.array("int32", n_seq_id[row]!)) as number[]),
    }));
  }
}
