/**
 * The tokens of the workspace's files, searchable for what followed earlier occurrences of a text's end. Backs the
 * workspace drafter. It is told of files by whoever reads and tokenizes them.
 *
 * Files lie in shards of {@link SHARD_TOKENS}, the newest last, each with chains of its own. So growth copies one shard
 * at most, compaction goes shard by shard, and positions fit 16 bits: about 11 bytes per token. Where
 * REST (arXiv 2311.08252) keeps an array of suffixes, chains take a changed file without sorting, newest first.
 */

import { commonPrefixLength } from "../base/tokens.ts";
import { importedFiles } from "./importedFiles.ts";
import { type LikenessOptions, type LikeStretch, likestStretches } from "./likeStretches.ts";
import { ShardList } from "./shardList.ts";
import type { TokenShard } from "./tokenShard.ts";
import { folderOf, type WorkspaceFile } from "./workspaceFile.ts";
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
export interface VersionedFile extends Omit<IndexedFile, "stamp"> {
  /** Another one whenever its tokens change; with the id, of no other text. */
  readonly revision: number;
}

export class WorkspaceIndex {
  readonly #files = new Map<string, WorkspaceFile>();
  readonly #byId = new Map<number, WorkspaceFile>();
  readonly #shards: ShardList;
  readonly #search = new WorkspaceSearch();
  #numTouches = 0;
  #numIds = 0;
  #numTokens = 0;

  /** @param shardTokens - positions of a shard; other values than the default are for tests. */
  constructor(shardTokens: number = SHARD_TOKENS) {
    this.#shards = new ShardList(shardTokens);
  }

  get numFiles(): number {
    return this.#files.size;
  }

  /** Tokens of the files that are in the index. */
  get numTokens(): number {
    return this.#numTokens;
  }

  /** Oldest first. */
  get shards(): readonly TokenShard<WorkspaceFile>[] {
    return this.#shards.all;
  }

  /** Memory, in bytes: arrays as they are, unused and removed positions included, and an estimate per file. */
  get numBytes(): number {
    let numBytes = 0;
    for (const shard of this.#shards.all) numBytes += shard.numBytes;
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

  /** Ids of the files that a text imports. @param path - of the file that it begins, which need not be in the index. */
  importedIds(path: string, text: string): Set<number> {
    return importedFiles(text, folderOf(path), (other) => this.fileId(other));
  }

  /** Where a text stands that a file begins with. @param path - as of {@link importedIds}. */
  placeOf(path: string, text: string): LookupPlace {
    const importedIds = this.importedIds(path, text);
    return { fileId: this.fileId(path), folder: folderOf(path), importedIds };
  }

  /** Stretches of files that share rare pairs of tokens with a text, the likest first. See {@link likestStretches}. */
  likeStretches(query: Int32Array, options: LikenessOptions): LikeStretch[] {
    return likestStretches(this.#shards.all, query, options);
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
      const file = { ...own, ...this.#shards.append(tokens) };
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
      this.#shards.drop(known);
      Object.assign(known, this.#shards.append(tokens));
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
    this.#shards.drop(file);
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
      { shards: this.#shards.all, current, numTouches: this.#numTouches },
      context,
      place,
      limits,
    );
  }

  /** Frees removed tokens, or joins what is small. See {@link ShardList.compactSlice}. */
  compactSlice(): boolean {
    return this.#shards.compactSlice();
  }
}
