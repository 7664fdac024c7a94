/**
 * The tokens of the workspace's files, searchable for what followed earlier occurrences of a text's end. Backs the
 * workspace drafter. It is told of files by whoever reads and tokenizes them.
 *
 * Files lie in shards of {@link SHARD_TOKENS}, the newest last, each with chains of its own. So growth copies one shard
 * at most, compaction goes shard by shard, and positions fit 16 bits: about 11 bytes per token. Where
 * REST (arXiv 2311.08252) keeps an array of suffixes, chains take a changed file without sorting, newest first.
 */

import { commonPrefixLength } from "../base/tokens.ts";
import { type LikenessOptions, type LikeStretch, likestStretches } from "./likeStretches.ts";
import { type Segment, TokenShard } from "./tokenShard.ts";
import { folderOf, type WorkspaceFile } from "./workspaceFile.ts";
import { checkWorkspaceShards } from "./workspaceIntegrity.ts";
import {
  type LookupLimits,
  type LookupPlace,
  type WorkspaceHit,
  WorkspaceSearch,
} from "./workspaceSearch.ts";

/** Positions of a shard; a longer file gets a shard of its own. */
export const SHARD_TOKENS = 65_536;
/** Longest file that is taken, in tokens: about 4 MB of source. */
export const MAX_FILE_TOKENS = 2 ** 20;
/** Shards start at this share of their size, so that a small workspace takes little memory. */
const FIRST_CAPACITY_SHARE = 1 / 16;
/** Compaction leaves no shard with more than this share of removed tokens. */
const MAX_DEAD_SHARE = 1 / 8;
/** A large file's own shard has this much room for its growth. */
const LARGE_FILE_ROOM = 1 / 16;
/** What a file takes beside its tokens: its record, segment and map entry, estimated; two bytes per character of its path. */
const FILE_BYTES = 500;

/** A file as it is kept between sessions. */
export interface IndexedFile {
  readonly path: string;
  readonly stamp: number;
  /** Valid until the index changes. */
  readonly tokens: Int32Array;
}

/** A file as it is now. */
export interface VersionedFile {
  readonly path: string;
  /** Another one whenever its tokens change; with the id, of no other text. */
  readonly revision: number;
  /** Valid until the index changes. */
  readonly tokens: Int32Array;
}

export class WorkspaceIndex {
  readonly #shardTokens: number;
  readonly #files = new Map<string, WorkspaceFile>();
  readonly #byId = new Map<number, WorkspaceFile>();
  /** Oldest first; files are appended to the last one. */
  #shards: TokenShard<WorkspaceFile>[] = [];
  readonly #search = new WorkspaceSearch();
  #numTouches = 0;
  #numIds = 0;
  #numTokens = 0;

  /** @param shardTokens - positions of a shard; other values than the default are for tests. */
  constructor(shardTokens: number = SHARD_TOKENS) {
    this.#shardTokens = shardTokens;
  }

  get numFiles(): number {
    return this.#files.size;
  }

  /** Tokens of the files that are in the index. */
  get numTokens(): number {
    return this.#numTokens;
  }

  get numShards(): number {
    return this.#shards.length;
  }

  /** Memory, in bytes: arrays as they are, unused and removed positions included, and an estimate per file. */
  get numBytes(): number {
    let numBytes = 0;
    for (const shard of this.#shards) numBytes += shard.numBytes;
    for (const path of this.#files.keys()) numBytes += FILE_BYTES + 2 * path.length;
    return numBytes;
  }

  fileId(path: string): number | undefined {
    return this.#files.get(path)?.id;
  }

  /** A file by its id; undefined if it is not in the index any more. */
  fileOf(id: number): VersionedFile | undefined {
    const file = this.#byId.get(id);
    if (file === undefined) return undefined;
    const { path, revision, shard, segment } = file;
    return { path, revision, tokens: shard.tokensOf(segment) };
  }

  /** Ids of the files in a folder itself. */
  idsIn(folder: string): number[] {
    const ids: number[] = [];
    for (const file of this.#files.values()) if (file.folder === folder) ids.push(file.id);
    return ids;
  }

  /** Stretches of files that share rare pairs of tokens with a text, the likest first. See {@link likestStretches}. */
  likeStretches(query: Int32Array, options: LikenessOptions): LikeStretch[] {
    return likestStretches(this.#shards, query, options);
  }

  /** The mark that came with a file's tokens, or undefined if the file is not in the index. */
  stampOf(path: string): number | undefined {
    return this.#files.get(path)?.stamp;
  }

  /** Of the files; in no order. The index may change while they are gone through. */
  paths(): Iterable<string> {
    return this.#files.keys();
  }

  /** The files, the one touched longest ago first. */
  files(): IndexedFile[] {
    return Array.from(this.#files.values())
      .sort((a, b) => a.touched - b.touched)
      .map(({ path, stamp, shard, segment }) => ({ path, stamp, tokens: shard.tokensOf(segment) }));
  }

  /**
   * Adds a file or replaces its tokens, and returns its id. Replacing costs what differs if the file was the last to
   * change, else its length.
   * @param path - with slashes; the part up to the last one is its folder.
   * @param stamp - see {@link WorkspaceFile}.
   * @throws RangeError if the file is longer than {@link MAX_FILE_TOKENS} or a token is negative.
   */
  setFile(path: string, tokens: Int32Array, stamp = 0): number {
    if (tokens.length > MAX_FILE_TOKENS) {
      throw new RangeError(`a file of ${tokens.length} tokens is longer than ${MAX_FILE_TOKENS}`);
    }
    for (let i = 0; i < tokens.length; i++) {
      if (tokens[i]! < 0) throw new RangeError(`token ${i} is ${tokens[i]}`);
    }
    this.#numTokens += tokens.length;
    const known = this.#files.get(path);
    if (known === undefined) {
      const id = this.#numIds++;
      const touched = ++this.#numTouches;
      const own = { id, path, folder: folderOf(path), stamp, revision: 0, touched };
      const file = { ...own, ...this.#append(tokens) };
      file.segment.file = file;
      this.#files.set(path, file);
      this.#byId.set(id, file);
      return id;
    }
    const { shard, segment } = known;
    this.#numTokens -= segment.length;
    known.stamp = stamp;
    known.touched = ++this.#numTouches;
    const kept = commonPrefixLength(shard.tokensOf(segment), tokens);
    if (kept === tokens.length && kept === segment.length) return known.id;
    known.revision++;
    if (shard.fitsLast(segment, tokens.length)) {
      shard.rewriteLast(segment, kept, tokens);
    } else {
      this.#drop(known);
      Object.assign(known, this.#append(tokens));
      known.segment.file = known;
    }
    return known.id;
  }

  /** Counts a file among the recent ones, as when it is opened. */
  touchFile(path: string): void {
    const file = this.#files.get(path);
    if (file !== undefined) file.touched = ++this.#numTouches;
  }

  removeFile(path: string): boolean {
    const file = this.#files.get(path);
    if (file === undefined) return false;
    this.#numTokens -= file.segment.length;
    this.#files.delete(path);
    this.#byId.delete(file.id);
    this.#drop(file);
    return true;
  }

  /** Renames a file, over another one if need be; its tokens and its id stay. */
  renameFile(from: string, to: string): boolean {
    const file = this.#files.get(from);
    if (file === undefined) return false;
    if (from === to) return true;
    this.removeFile(to);
    this.#files.delete(from);
    file.path = to;
    file.folder = folderOf(to);
    this.#files.set(to, file);
    return true;
  }

  /** What followed earlier occurrences of the context's end, the best first. See {@link WorkspaceSearch}. */
  lookup(context: Int32Array, place: LookupPlace, limits: LookupLimits): WorkspaceHit[] {
    const { fileId } = place;
    const current = fileId === undefined ? undefined : this.#byId.get(fileId);
    return this.#search.lookup(
      { shards: this.#shards, current, numTouches: this.#numTouches },
      context,
      place,
      limits,
    );
  }

  /**
   * Frees removed tokens of one shard, or joins two small ones: at most about {@link SHARD_TOKENS} tokens are moved.
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

  /** The first broken invariant, or undefined. Reads everything. */
  checkIntegrity(): string | undefined {
    return checkWorkspaceShards(this.#shards, this.#files, this.#numTokens);
  }

  #append(tokens: Int32Array): Pick<WorkspaceFile, "shard" | "segment"> {
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
    const packed =
      numLive === 0 && minCapacity === 0
        ? []
        : [
            TokenShard.pack(
              old.flatMap((shard) => shard.segments.map((segment) => ({ shard, segment }))),
              Math.max(minCapacity, numLive + 1),
            ),
          ];
    this.#shards.splice(index, count, ...packed);
    for (const shard of packed) for (const segment of shard.segments) moveFile(shard, segment);
  }

  /** Takes a file's tokens out; a shard that holds nothing else goes with it, but for the last. */
  #drop({ shard, segment }: WorkspaceFile): void {
    shard.remove(segment);
    if (shard.numLive > 0 || shard === this.#shards.at(-1)) return;
    this.#shards = this.#shards.filter((other) => other !== shard);
  }
}

function moveFile(shard: TokenShard<WorkspaceFile>, segment: Segment<WorkspaceFile>): void {
  const { file } = segment;
  if (file === undefined) return;
  file.shard = shard;
  file.segment = segment;
}
