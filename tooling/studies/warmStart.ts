/**
 * What an earlier session's stores bring. Sessions are made of the product's own parts: completions by
 * `generateCompletion`, stores by `LearnedState`, the bytes that are kept by its own code. These stay in memory.
 */

import { OthersMeter } from "../../src/bench/base/busyMeter.ts";
import { compareOutputs, NEAR_TIE_GAP } from "../../src/bench/speed/losslessCheck.ts";
import { drawDistinctSpots } from "../../src/bench/spots/benchSpots.ts";
import type { SourceSpot } from "../../src/bench/spots/sourceSpots.ts";
import { EngineError, isAbortError } from "../../src/core/base/errors.ts";
import { MeasuredPolicy } from "../../src/core/budget/measuredPolicy.ts";
import { measurePassCost } from "../../src/core/budget/measurePassCost.ts";
import { FlatPassCost, PassCostTable } from "../../src/core/budget/passCost.ts";
import { DRAFT_SOURCES, type DraftSource } from "../../src/core/tree/draftTree.ts";
import { drawSuiteSpots } from "../../src/engine/measure/benchPrompts.ts";
import { BenchWorkspace, wholeTextTokenizer } from "../../src/engine/measure/benchWorkspace.ts";
import { sampleCpu, watchOthers } from "../../src/engine/measure/machineFacts.ts";
import { freezeThreads, type ModelPair } from "../../src/engine/models/modelHost.ts";
import { buildCompletionPrompt } from "../../src/engine/prompt/completionPrompt.ts";
import type { BenchProgress, BenchSources } from "../../src/engine/protocol/benchMessages.ts";
import type { CompleteParams } from "../../src/engine/protocol/completeMessages.ts";
import { PromptTokens } from "../../src/llama/text/promptTokens.ts";
import {
  firstStepAccepted,
  REQUEST_SETS,
  type RequestSet,
  SESSION_STARTS,
  type SessionStart,
  WARM_START_DRAFTERS,
  type WarmStartDrafters,
  type WarmStartReport,
  type WarmStartRun,
  type WarmStartSession,
  warmStartReport,
} from "./warmStartReport.ts";
import { BenchSession, MemoryFiles, spanOf, visibleTokens } from "./warmStartSession.ts";

/** Spans of the workspace are hidden and completed, in one session and again in a later one. */
export interface WarmStartParams {
  readonly workspace: BenchSources;
  /** Requests that are replayed; as many others of the same files come beside them. */
  readonly numPrompts: number;
  /** Output tokens at most. */
  readonly maxTokens: number;
  readonly seed: number;
  /** Drafts are chosen as if passes of up to so many rows cost the same; as measured if absent. */
  readonly flatRows?: number;
}

/** Time for t(n), in ms. */
const MEASURE_MS = 1000;
const SOURCES: Record<WarmStartDrafters, readonly DraftSource[]> = {
  fused: DRAFT_SOURCES,
  recycling: ["recycling"],
};

/** A request with what plain decoding answers. */
interface WarmStartRequest {
  readonly spot: SourceSpot;
  readonly request: Omit<CompleteParams, "sources">;
  readonly promptTokens: Int32Array;
  readonly plain: Int32Array;
}

type MutableSession = WarmStartSession & { readonly runs: WarmStartRun[] };

/**
 * What was finished before an abort is reported.
 * @throws EngineError of the models, `invalidRequest` if the files hold no code or none that is continued; AbortError
 * before anything is replayed.
 */
export async function warmStart(
  pair: ModelPair,
  params: WarmStartParams,
  onProgress: (progress: BenchProgress) => void,
  signal: AbortSignal,
): Promise<WarmStartReport> {
  // What is compared has the same threads from the first pass to the last.
  using _ = freezeThreads(pair);
  const suite = new WarmStart(pair, params, onProgress);
  try {
    await suite.run(signal);
  } catch (error) {
    if (!(signal.aborted && isAbortError(error) && suite.hasRuns)) throw error;
  }
  return suite.report();
}

class WarmStart {
  readonly #pair: ModelPair;
  readonly #params: WarmStartParams;
  readonly #onProgress: (progress: BenchProgress) => void;
  readonly #sessions: MutableSession[] = [];
  readonly #meter = new OthersMeter(sampleCpu);
  #busyShare = 0;
  #numKept = 0;

  constructor(
    pair: ModelPair,
    params: WarmStartParams,
    onProgress: (progress: BenchProgress) => void,
  ) {
    this.#pair = pair;
    this.#params = params;
    this.#onProgress = onProgress;
  }

  get hasRuns(): boolean {
    return this.#sessions.some(({ runs }) => runs.length > 0);
  }

  async run(signal: AbortSignal): Promise<void> {
    const { files } = this.#params.workspace;
    this.#tell("preparing", 0, "watching what others do on the machine");
    this.#busyShare = await watchOthers(signal);
    this.#tell("preparing", 0, "measuring what a pass costs");
    const newPolicy = await this.#policies(signal);
    this.#tell("preparing", 0, "the workspace's files");
    const tokenizer = wholeTextTokenizer(this.#pair.target.model);
    const workspace = await BenchWorkspace.open(files, tokenizer, () => {}, signal);
    const open = () => new BenchSession(this.#pair, workspace, newPolicy());
    const spots = this.#drawSpots();
    const requests = {
      replayed: await this.#requests(spots.replayed, open(), signal),
      others: await this.#requests(spots.others, open(), signal),
    };
    if (requests.replayed.length === 0) refuseUnanswered(spots.replayed.length, files.length);
    this.#numKept = requests.replayed.length;
    const hidden = [...spots.replayed, ...spots.others];
    const fileTokens = await visibleTokens(files, hidden, tokenizer, signal);
    for (const drafters of WARM_START_DRAFTERS) {
      const persisted = await this.#keptSessions(drafters, requests.replayed, open, signal);
      for (const set of REQUEST_SETS) {
        const opened = {
          empty: open(),
          files: open().learnFiles(fileTokens),
          persisted: persisted[set],
        };
        await this.#replay(drafters, set, requests[set], opened, signal);
      }
    }
  }

  report(): WarmStartReport {
    const { workspace, seed, numPrompts, maxTokens, flatRows = null } = this.#params;
    const { backend, target, draft } = this.#pair.loaded;
    const about = {
      origin: workspace.origin,
      ...{ seed, numPrompts, maxTokens, flatRows, backend },
      target: target.name,
      draft: draft?.name ?? null,
      busyShare: this.#busyShare,
      othersShares: this.#meter.shares,
    };
    return warmStartReport(this.#sessions, about, this.#numKept);
  }

  /** A session makes the requests and is kept; sessions that go on from there. */
  async #keptSessions(
    drafters: WarmStartDrafters,
    requests: readonly WarmStartRequest[],
    open: () => BenchSession,
    signal: AbortSignal,
  ): Promise<Record<RequestSet, BenchSession>> {
    const files = new MemoryFiles();
    using first = await open().goOnFrom(files);
    for (const [done, { spot, request }] of requests.entries()) {
      this.#tell(drafters, done, "the session that is kept");
      await first.complete(spot, { ...request, sources: SOURCES[drafters] }, signal);
    }
    await first.keep();
    return { replayed: await open().goOnFrom(files), others: await open().goOnFrom(files) };
  }

  /** The sessions make each request in turns, and another one begins with each. */
  async #replay(
    drafters: WarmStartDrafters,
    set: RequestSet,
    requests: readonly WarmStartRequest[],
    byStart: Readonly<Record<SessionStart, BenchSession>>,
    signal: AbortSignal,
  ): Promise<void> {
    const opened: { readonly session: BenchSession; readonly measured: MutableSession }[] = [];
    for (const start of SESSION_STARTS) {
      const session = byStart[start];
      const measured = { drafters, requests: set, start, stores: session.storeSizes, runs: [] };
      opened.push({ session, measured });
      this.#sessions.push(measured);
    }
    try {
      for (const [index, request] of requests.entries()) {
        this.#tell(drafters, index, `${set}, each session in turn`);
        const runs = new Map<MutableSession, WarmStartRun>();
        this.#meter.begin();
        for (let turn = 0; turn < opened.length; turn++) {
          const { session, measured } = opened[(index + turn) % opened.length]!;
          runs.set(measured, await this.#runOnce(session, request, SOURCES[drafters], signal));
        }
        this.#meter.end();
        // All of them or none, so that they stay paired after an abort.
        for (const [measured, run] of runs) measured.runs.push(run);
      }
    } finally {
      for (const { session } of opened) session[Symbol.dispose]();
    }
  }

  async #runOnce(
    session: BenchSession,
    { spot, request, promptTokens, plain }: WarmStartRequest,
    sources: readonly DraftSource[],
    signal: AbortSignal,
  ): Promise<WarmStartRun> {
    const { target, isEndToken, loaded } = this.#pair;
    const result = await session.complete(spot, { ...request, sources }, signal);
    const maxGap = NEAR_TIE_GAP[loaded.backend === "cpu" ? "cpu" : "gpu"];
    const judge = { target: target.target, maxGap, isEndToken };
    const { difference } = await compareOutputs(judge, promptTokens, plain, result.tokens, signal);
    const { numSteps, numCommittedTokens, numDraftTokens, bySource } = result.stats;
    return {
      firstStepAccepted: firstStepAccepted(result.tokenSources),
      ...{ numSteps, numCommittedTokens, numVerified: numDraftTokens },
      usesRecycling: bySource.recycling.numProposed > 0,
      match: difference === undefined ? "equal" : difference.isNearTie ? "nearTie" : "different",
    };
  }

  /** Others are of the files that requests are of, and hide no line that one of them hides. */
  #drawSpots(): Record<RequestSet, SourceSpot[]> {
    const { workspace, numPrompts, seed } = this.#params;
    const { files } = workspace;
    const replayed = drawSuiteSpots("warmstart", files, () =>
      drawDistinctSpots(files, numPrompts, seed),
    );
    const paths = new Set(replayed.map(({ path }) => path));
    const sameFiles = files.filter(({ path }) => paths.has(path));
    const overlaps = (spot: SourceSpot) =>
      replayed.some((other) => {
        const [a, b] = [spanOf(spot), spanOf(other)];
        return spot.path === other.path && a.start < b.end && b.start < a.end;
      });
    const others = drawDistinctSpots(sameFiles, 4 * numPrompts, seed + 1);
    return { replayed, others: others.filter((spot) => !overlaps(spot)).slice(0, numPrompts) };
  }

  async #requests(
    spots: readonly SourceSpot[],
    session: BenchSession,
    signal: AbortSignal,
  ): Promise<WarmStartRequest[]> {
    const { maxTokens, workspace } = this.#params;
    const { repoName } = workspace;
    const newPromptTokens = new PromptTokens(this.#pair.target.model);
    const requests: WarmStartRequest[] = [];
    for (const [done, spot] of spots.entries()) {
      this.#tell("preparing", done, "plain decoding");
      const { prefixText, suffixText, path } = spot;
      const request = {
        ...{ prefixText, suffixText, filePath: path, maxTokens },
        ...(repoName === undefined ? {} : { repoName }),
        // The session that comes second would find its prompt evaluated.
        reusesPrompt: false,
      };
      const { promptTokens } = buildCompletionPrompt(this.#pair, newPromptTokens, request);
      const { tokens } = await session.complete(spot, { ...request, sources: [] }, signal);
      // Where nothing follows, there is no first step to compare.
      if (tokens.length > 0) requests.push({ spot, request, promptTokens, plain: tokens });
    }
    session[Symbol.dispose]();
    return requests;
  }

  async #policies(signal: AbortSignal): Promise<() => MeasuredPolicy> {
    const { target } = this.#pair.target;
    const { flatRows } = this.#params;
    const settings = { now: () => performance.now(), budgetMs: MEASURE_MS };
    const { points } = await measurePassCost(target, settings, signal);
    return () => {
      const table = new PassCostTable(points, target.maxNodes);
      if (flatRows === undefined) return new MeasuredPolicy(table);
      return new MeasuredPolicy(new FlatPassCost(table.ms(1), flatRows, target.maxNodes));
    };
  }

  #tell(part: string, done: number, what: string): void {
    this.#onProgress({ part: `warm start, ${part}`, done, total: this.#params.numPrompts, what });
  }
}

function refuseUnanswered(numDrawn: number, numFiles: number): never {
  throw new EngineError(
    "invalidRequest",
    `Expected requests that plain decoding answers with a token at least, found none among ${numDrawn} drawn from ` +
      `${numFiles} files. Choose another folder, or more prompts.`,
  );
}
