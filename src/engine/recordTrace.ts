/** Records a trace of a loaded pair into a file: place by place, every repository in turn, until there are enough tokens. */
import { access } from "node:fs/promises";
import { BENCH_SOURCES } from "../bench/benchConfigNames.ts";
import { proposeAlong } from "../bench/proposals.ts";
import { draftersOf } from "../bench/replayConfigs.ts";
import type { SourceSpot } from "../bench/sourceSpots.ts";
import type { Trace, TracePrompt, TraceRepository, TraceSettings } from "../bench/trace.ts";
import { type Recorded, recordPlace } from "../bench/traceRecorder.ts";
import { contextOf } from "../bench/traceReplay.ts";
import { TraceTarget } from "../bench/traceTarget.ts";
import { TraceWorkspace } from "../bench/traceWorkspace.ts";
import { importedFiles } from "../core/importedFiles.ts";
import { RecyclingStore } from "../core/recyclingStore.ts";
import { folderOf } from "../core/workspaceFile.ts";
import { PromptTokens } from "../llama/promptTokens.ts";
import { wholeTextTokenizer } from "./benchWorkspace.ts";
import { buildCompletionPrompt } from "./completionPrompt.ts";
import { freezeThreads, type ModelPair } from "./modelHost.ts";
import { TraceWriter } from "./traceFile.ts";
import { assertSameRecording, identify, measured } from "./traceHeader.ts";
import { readTraceSources } from "./traceSources.ts";

export interface RecordSettings extends TraceSettings {
  readonly path: string;
  readonly sourcesFolder: string;
  /** Output tokens that are wanted in all. */
  readonly numTokens: number;
}

/** How far a recording is. */
export interface RecordProgress {
  readonly numTokens: number;
  readonly numPlaces: number;
  /** What was recorded last, or is being done. */
  readonly what: string;
}

/**
 * Goes on with the file if it is there.
 * @throws EngineError `invalidRequest` if it is a trace of anything else, or none; what the models throw.
 */
export async function recordTrace(
  pair: ModelPair,
  { path, sourcesFolder, numTokens, maxTokens, maxPromptTokens }: RecordSettings,
  onProgress: (progress: RecordProgress) => void,
  signal: AbortSignal,
): Promise<void> {
  using _ = freezeThreads(pair);
  const tell = (what: string) => onProgress({ numTokens: 0, numPlaces: 0, what });
  tell("reading sources and models");
  const sources = await readTraceSources(sourcesFolder);
  const identity = await identify(pair, { maxTokens, maxPromptTokens }, sources);
  const tokenizer = wholeTextTokenizer(pair.target.model);
  const repositories: TraceRepository[] = [];
  for (const [index, { files }] of sources.entries()) {
    const tokenized = [];
    for (const { path: filePath, text } of files) {
      tokenized.push({ path: filePath, tokens: await tokenizer.tokenize(text, signal) });
    }
    repositories.push({ index, files: tokenized });
  }
  const isThere = await access(path).then(
    () => true,
    () => false,
  );
  let trace: Trace;
  let writer: TraceWriter;
  if (isThere) ({ trace, writer } = await TraceWriter.resume(path));
  else {
    tell("measuring what passes cost");
    trace = { header: await measured(identity, pair, signal), repositories, prompts: [] };
    writer = await TraceWriter.create(path, trace.header, repositories);
  }
  await using file = writer;
  assertSameRecording(path, trace.header, identity);
  const recorder = new PlaceRecorder(pair, trace, signal);
  const done = new Set<string>();
  let total = 0;
  let numPlaces = 0;
  const count = ({ repository, place, output }: TracePrompt) => {
    done.add(`${repository} ${place}`);
    total += output.length;
    numPlaces++;
  };
  for (const prompt of trace.prompts) {
    count(prompt);
    await recorder.relearn(prompt);
  }
  const mostPlaces = Math.max(...sources.map(({ spots }) => spots.length));
  for (let place = 0; place < mostPlaces; place++) {
    for (const [repository, { spots, languageId }] of sources.entries()) {
      const spot = spots[place];
      if (spot === undefined || done.has(`${repository} ${place}`)) continue;
      if (total >= numTokens) return;
      const visible = await tokenizer.tokenize(spot.prefixText + spot.suffixText, signal);
      const prompt = await recorder.record({ repository, place, languageId }, spot, visible);
      await file.append(prompt);
      count(prompt);
      const what = `${spot.path}:${spot.line}`;
      onProgress({ numTokens: total, numPlaces, what });
    }
  }
}

/** Records places; what drafters learn in a repository stays for its next places. */
class PlaceRecorder {
  readonly #pair: ModelPair;
  readonly #trace: Trace;
  readonly #signal: AbortSignal;
  readonly #promptTokens: PromptTokens;
  readonly #sessions = new Map<
    number,
    { readonly store: RecyclingStore; readonly workspace: TraceWorkspace }
  >();

  constructor(pair: ModelPair, trace: Trace, signal: AbortSignal) {
    this.#pair = pair;
    this.#trace = trace;
    this.#signal = signal;
    this.#promptTokens = new PromptTokens(pair.target.model);
  }

  async record(
    { repository, place, languageId }: Pick<TracePrompt, "repository" | "place" | "languageId">,
    spot: SourceSpot,
    visibleTokens: Int32Array,
  ): Promise<TracePrompt> {
    const { maxTokens, maxPromptTokens } = this.#trace.header.settings;
    const { path, line, column, prefixText, suffixText } = spot;
    const { files } = this.#trace.repositories[repository]!;
    const request = { prefixText, suffixText, filePath: path, maxTokens };
    const context = buildCompletionPrompt(this.#pair, this.#promptTokens, request, maxPromptTokens);
    const indexOf = (wanted: string) => {
      const index = files.findIndex((file) => file.path === wanted);
      return index === -1 ? undefined : index;
    };
    const known = {
      ...context,
      repository,
      place,
      file: indexOf(path) ?? -1,
      path,
      line,
      column,
      languageId,
      visibleTokens,
      importedFiles: [...importedFiles(prefixText, folderOf(path), indexOf)],
    };
    const { target, draft, isEndToken } = this.#pair;
    const recorded = await recordPlace(
      { target: target.target, draft: draft?.target, isEndToken },
      context,
      maxTokens,
      (soFar) => this.#propose({ ...known, ...soFar }),
      this.#signal,
    );
    return { ...known, ...recorded };
  }

  /** What the drafters learned of a place, they learn again. */
  async relearn(prompt: TracePrompt): Promise<void> {
    await this.#propose(prompt);
  }

  async #propose(prompt: TracePrompt & Recorded): Promise<ReadonlySet<number>> {
    const { header, repositories } = this.#trace;
    const target = new TraceTarget(header.target);
    target.open(prompt.promptTokens, prompt.target);
    let draft: TraceTarget | undefined;
    if (header.draft !== null && prompt.draft !== undefined) {
      draft = new TraceTarget(header.draft);
      draft.open(prompt.promptTokens, prompt.draft);
    }
    const session = this.#sessions.get(prompt.repository) ?? {
      store: new RecyclingStore(header.target.vocabSize),
      workspace: new TraceWorkspace(repositories[prompt.repository]!),
    };
    this.#sessions.set(prompt.repository, session);
    const { store, workspace } = session;
    const { isEndToken } = this.#pair;
    const place = workspace.enter(prompt);
    const now = () => 0;
    const material = { prompt, workspace, place, draft, now, isEndToken };
    return proposeAlong(
      draftersOf(BENCH_SOURCES, store, material, "tree"),
      contextOf(prompt),
      prompt,
      target,
      { maxTokens: header.settings.maxTokens, isEndToken },
      this.#signal,
    );
  }
}
