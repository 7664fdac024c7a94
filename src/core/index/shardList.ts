/** The shards of an index, oldest first: where a file's tokens go, how shards grow, and how what was removed is freed. */
import { TokenShard } from "./tokenShard.ts";
import type { WorkspaceFile } from "./workspaceFile.ts";

/** Shards start at this share of their size, so that a small workspace takes little memory. */
const FIRST_CAPACITY_SHARE = 1 / 16;
/** Compaction leaves no shard with more than this share of removed tokens. */
const MAX_DEAD_SHARE = 1 / 8;
/** A large file's own shard has this much room for its growth. */
const LARGE_FILE_ROOM = 1 / 16;

/** Where a file's tokens lie. */
export type FilePlace = Pick<WorkspaceFile, "shard" | "segment">;

export class ShardList {
  readonly #shardTokens: number;
  /** Files are appended to the last one. */
  #shards: TokenShard<WorkspaceFile>[] = [];

  /** @param shardTokens - positions of a shard; a longer file gets a shard of its own. */
  constructor(shardTokens: number) {
    this.#shardTokens = shardTokens;
  }

  get all(): readonly TokenShard<WorkspaceFile>[] {
    return this.#shards;
  }

  /**
   * Frees removed tokens of one shard, or joins two small ones: at most about a shard's tokens are moved.
   * @returns whether something was done, so that there may be more.
   */
  compactSlice(): boolean {
    for (const [index, shard] of this.#shards.entries()) {
      const isOpen = index === this.#shards.length - 1;
      const size = isOpen ? shard.numUsed : shard.capacity - 1;
      if (size - shard.numLive > MAX_DEAD_SHARE * size) {
        this.#replaceShards(index, 1, isOpen ? shard.capacity : 0);
        return true;
      }
      const next = this.#shards[index + 1];
      if (next === undefined || index + 1 === this.#shards.length - 1) continue;
      if (shard.numLive + next.numLive < this.#shardTokens) {
        this.#replaceShards(index, 2, 0);
        return true;
      }
    }
    return false;
  }

  append(tokens: Int32Array): FilePlace {
    const numNeeded = tokens.length + 2;
    if (numNeeded <= this.#shardTokens) {
      const shard = this.#shardWithRoom(tokens.length);
      return { shard, segment: shard.append(tokens) };
    }
    // A shard of its own, before the one that goes on being filled.
    const shard = new TokenShard<WorkspaceFile>(Math.ceil(numNeeded * (1 + LARGE_FILE_ROOM)));
    if (this.#shards.length === 0) this.#openShard(0);
    this.#shards.splice(-1, 0, shard);
    return { shard, segment: shard.append(tokens) };
  }

  /** The last shard, grown or followed by a new one until the tokens fit. */
  #shardWithRoom(numTokens: number): TokenShard<WorkspaceFile> {
    const last = this.#shards.length - 1;
    const open = this.#shards[last];
    if (open?.hasRoomFor(numTokens) === true) return open;
    if (open !== undefined && open.capacity < this.#shardTokens) {
      const wanted = open.numLive + numTokens + 2;
      if (wanted <= this.#shardTokens) {
        let { capacity } = open;
        while (capacity < wanted) capacity = Math.min(2 * capacity, this.#shardTokens);
        this.#replaceShards(last, 1, capacity);
        return this.#shards[last]!;
      }
    }
    open?.trim();
    return this.#openShard(numTokens + 2);
  }

  #openShard(minCapacity: number): TokenShard<WorkspaceFile> {
    let capacity = Math.min(
      this.#shardTokens,
      Math.max(16, Math.ceil(this.#shardTokens * FIRST_CAPACITY_SHARE)),
    );
    while (capacity < minCapacity) capacity = Math.min(2 * capacity, this.#shardTokens);
    const opened = new TokenShard<WorkspaceFile>(capacity);
    this.#shards.push(opened);
    return opened;
  }

  /** Packs the files of some neighboring shards into one; into none if they hold no file and it need not stay open. */
  #replaceShards(index: number, count: number, minCapacity: number): void {
    const old = this.#shards.slice(index, index + count);
    const numLive = old.reduce((sum, shard) => sum + shard.numLive, 0);
    const sources = old.flatMap((shard) => shard.segments.map((segment) => ({ shard, segment })));
    const isGone = numLive === 0 && minCapacity === 0;
    const packed = isGone ? [] : [TokenShard.pack(sources, Math.max(minCapacity, numLive + 1))];
    this.#shards.splice(index, count, ...packed);
    for (const shard of packed) {
      for (const segment of shard.segments) {
        if (segment.file !== undefined) Object.assign(segment.file, { shard, segment });
      }
    }
  }

  /** Takes a file's tokens out; a shard that holds nothing else goes with it, but for the last. */
  drop({ shard, segment }: FilePlace): void {
    shard.remove(segment);
    if (shard.numLive > 0 || shard === this.#shards.at(-1)) return;
    this.#shards = this.#shards.filter((other) => other !== shard);
  }
}
