/** Records the places of a trace, one after the other; what drafters learn in a repository stays for its next places. */
import { BENCH_SOURCES } from "../../../src/bench/base/benchConfigNames.ts";
import type { SourceSpot } from "../../../src/bench/spots/sourceSpots.ts";
import { decodeRecycling, encodeRecycling } from "../../../src/core/drafters/recyclingSnapshot.ts";
import { RecyclingStore } from "../../../src/core/drafters/recyclingStore.ts";
import { importedFiles } from "../../../src/core/index/importedFiles.ts";
import { folderOf } from "../../../src/core/index/workspaceFile.ts";
import type { LookupPlace } from "../../../src/core/index/workspaceSearch.ts";
import type { ModelPair } from "../../../src/engine/models/modelHost.ts";
import { buildCompletionPrompt } from "../../../src/engine/prompt/completionPrompt.ts";
import { PromptTokens } from "../../../src/llama/text/promptTokens.ts";
import { draftersOf } from "../replay/replayConfigs.ts";
import { contextOf, TraceModels } from "../replay/traceReplay.ts";
import { TraceWorkspace } from "../replay/traceWorkspace.ts";
import { ASKING_RUNS, proposeAlong, runAsking } from "../trace/proposals.ts";
import { type Trace, type TracePrompt, visibleTokens } from "../trace/trace.ts";
import { recordPlace, type WantedRows } from "../trace/traceRecorder.ts";

const NOTHING_VISIBLE = { numStart: 0, between: new Int32Array(0), numEnd: 0 };

/** What lives as long as a repository is recorded. */
interface Session {
  readonly workspace: TraceWorkspace;
  /** Of the drafters that go along the output, ... */
  readonly store: RecyclingStore;
  /** ... and of each of {@link ASKING_RUNS}. */
  readonly runStores: readonly RecyclingStore[];
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
    const { draftPromptTokens = new Int32Array(0), ...prompt } = buildCompletionPrompt(
      this.#pair,
      this.#promptTokens,
      request,
      maxPromptTokens,
    );
    const context = { ...prompt, draftPromptTokens };
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
    { store, runStores, workspace }: Session,
    place: LookupPlace,
  ): Promise<WantedRows> {
    const { isEndToken } = this.#pair;
    const limits = { maxTokens: this.#trace.header.settings.maxTokens, isEndToken };
    const context = contextOf(prompt);
    const open = async () => {
      const models = new TraceModels(this.#trace.header, true);
      models.enter(prompt);
      const { target, draft } = models;
      // As if there had been time enough to read: what is drafted from the second step on is recorded.
      await draft?.prefill(prompt.draftPromptTokens.subarray(0, -1), this.#signal);
      const material = { prompt, workspace, place, draft, now: () => 0, isEndToken };
      return { target, draft, material };
    };
    const along = await open();
    // The tree has the chain in it.
    const drafters = draftersOf(BENCH_SOURCES, store, along.material, "tree");
    const signal = this.#signal;
    const wanted = {
      target: await proposeAlong(drafters, context, prompt, along.target, limits, signal),
      draft: new Set(along.draft?.lacked),
    };
    for (const [index, { sources, maxDraftNodes, mode }] of ASKING_RUNS.entries()) {
      const { target, draft, material } = await open();
      const asking = draftersOf(sources, runStores[index]!, material, mode);
      await runAsking(asking, context, target, limits, maxDraftNodes, signal);
      for (const node of target.lacked) wanted.target.add(node);
      for (const node of draft?.lacked ?? []) wanted.draft.add(node);
    }
    return wanted;
  }

  #sessionOf(repository: number): Session {
    const { header, repositories } = this.#trace;
    const newStore = () => new RecyclingStore(header.target.vocabSize);
    const known = this.#sessions.get(repository) ?? {
      workspace: new TraceWorkspace(repositories[repository]!),
      store: newStore(),
      runStores: ASKING_RUNS.map(newStore),
    };
    this.#sessions.set(repository, known);
    return known;
  }
}

/** The same in stores of its own. */
function copied({ workspace, store, runStores }: Session): Session {
  return { workspace, store: copyOf(store), runStores: runStores.map(copyOf) };
}

function copyOf(store: RecyclingStore): RecyclingStore {
  const copy = decodeRecycling(encodeRecycling(store, ""), "", store.vocabSize);
  if (copy.store === undefined) throw new RangeError(`a store could not be copied: ${copy.reason}`);
  return copy.store;
}
