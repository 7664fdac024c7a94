/** Records the places of a trace, one after the other; what drafters learn in a repository stays for its next places. */
import { BENCH_SOURCES } from "../bench/benchConfigNames.ts";
import { proposeAlong } from "../bench/proposals.ts";
import { draftersOf } from "../bench/replayConfigs.ts";
import type { SourceSpot } from "../bench/sourceSpots.ts";
import { type Trace, type TracePrompt, visibleTokens } from "../bench/trace.ts";
import { recordPlace } from "../bench/traceRecorder.ts";
import { contextOf } from "../bench/traceReplay.ts";
import { TraceTarget } from "../bench/traceTarget.ts";
import { TraceWorkspace } from "../bench/traceWorkspace.ts";
import { importedFiles } from "../core/importedFiles.ts";
import { decodeRecycling, encodeRecycling } from "../core/recyclingSnapshot.ts";
import { RecyclingStore } from "../core/recyclingStore.ts";
import { folderOf } from "../core/workspaceFile.ts";
import type { LookupPlace } from "../core/workspaceSearch.ts";
import { PromptTokens } from "../llama/promptTokens.ts";
import { buildCompletionPrompt } from "./completionPrompt.ts";
import type { ModelPair } from "./modelHost.ts";

const NOTHING_VISIBLE = { numStart: 0, between: new Int32Array(0), numEnd: 0 };

/** What lives as long as a repository is recorded. */
interface Session {
  readonly store: RecyclingStore;
  readonly workspace: TraceWorkspace;
}

export class PlaceRecorder {
  readonly #pair: ModelPair;
  readonly #trace: Omit<Trace, "prompts">;
  readonly #signal: AbortSignal;
  readonly #promptTokens: PromptTokens;
  readonly #sessions = new Map<number, Session>();

  constructor(pair: ModelPair, trace: Omit<Trace, "prompts">, signal: AbortSignal) {
    this.#pair = pair;
    this.#trace = trace;
    this.#signal = signal;
    this.#promptTokens = new PromptTokens(pair.target.model);
  }

  /** @param ownTokens - the file without what is hidden. */
  async record(
    { repository, place, languageId }: Pick<TracePrompt, "repository" | "place" | "languageId">,
    { path, line, column, prefixText, suffixText }: SourceSpot,
    ownTokens: Int32Array,
  ): Promise<TracePrompt> {
    const { header, repositories } = this.#trace;
    const { maxTokens, maxPromptTokens } = header.settings;
    const request = { prefixText, suffixText, filePath: path, maxTokens };
    const context = buildCompletionPrompt(this.#pair, this.#promptTokens, request, maxPromptTokens);
    const files = new Map(repositories[repository]!.files.map((file, index) => [file.path, index]));
    const indexOf = (wanted: string) => files.get(wanted);
    const file = files.get(path) ?? -1;
    const visible =
      file === -1
        ? NOTHING_VISIBLE
        : visibleTokens(repositories[repository]!.files[file]!.tokens, ownTokens);
    const known = {
      ...context,
      repository,
      place,
      file,
      path,
      line,
      column,
      languageId,
      visible,
      importedFiles: [...importedFiles(prefixText, folderOf(path), indexOf)],
    };
    const { target, draft, isEndToken } = this.#pair;
    const session = this.#sessionOf(repository);
    const lookupPlace = session.workspace.enter(known);
    const recorded = await recordPlace(
      { target: target.target, draft: draft?.target, isEndToken },
      context,
      maxTokens,
      // Nothing is learned until the place is recorded, so that a recording that goes on has learned the same.
      (soFar) => this.#propose({ ...known, ...soFar }, copied(session), lookupPlace),
      this.#signal,
    );
    return { ...known, ...recorded };
  }

  /** What drafters learn of a recorded place; to be called for each, in the order of the trace. */
  async learn(prompt: TracePrompt): Promise<void> {
    const session = this.#sessionOf(prompt.repository);
    await this.#propose(prompt, session, session.workspace.enter(prompt));
  }

  async #propose(
    prompt: TracePrompt,
    { store, workspace }: Session,
    place: LookupPlace,
  ): Promise<ReadonlySet<number>> {
    const { header } = this.#trace;
    const target = new TraceTarget(header.target);
    target.open(prompt.promptTokens, prompt.target);
    let draft: TraceTarget | undefined;
    if (header.draft !== null && prompt.draft !== undefined) {
      draft = new TraceTarget(header.draft);
      draft.open(prompt.promptTokens, prompt.draft);
    }
    const { isEndToken } = this.#pair;
    const material = { prompt, workspace, place, draft, now: () => 0, isEndToken };
    return proposeAlong(
      // The tree has the chain in it.
      draftersOf(BENCH_SOURCES, store, material, "tree"),
      contextOf(prompt),
      prompt,
      target,
      { maxTokens: header.settings.maxTokens, isEndToken },
      this.#signal,
    );
  }

  #sessionOf(repository: number): Session {
    const { header, repositories } = this.#trace;
    const known = this.#sessions.get(repository) ?? {
      store: new RecyclingStore(header.target.vocabSize),
      workspace: new TraceWorkspace(repositories[repository]!),
    };
    this.#sessions.set(repository, known);
    return known;
  }
}

function copied({ store, workspace }: Session): Session {
  const copy = decodeRecycling(encodeRecycling(store, ""), "", store.vocabSize);
  if (copy.store === undefined) throw new RangeError(`a store could not be copied: ${copy.reason}`);
  return { store: copy.store, workspace };
}
