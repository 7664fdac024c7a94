/** A session of the editor as the suite `warmstart` plays it: stores that live as long, and one request after another. */
import type { SourceSpot } from "../bench/sourceSpots.ts";
import type { StoreSizes } from "../bench/warmStartReport.ts";
import type { MeasuredPolicy } from "../core/draftPolicy.ts";
import { nullLog } from "../core/log.ts";
import { PromptTokens } from "../llama/promptTokens.ts";
import { BackgroundTurns } from "./backgroundTurns.ts";
import type { BenchWorkspace } from "./benchWorkspace.ts";
import { generateCompletion } from "./generateCompletion.ts";
import { newLearnedState } from "./learnedOfPair.ts";
import type { LearnedState } from "./learnedState.ts";
import type { ModelPair } from "./modelHost.ts";
import { PrivateFiles } from "./privateFiles.ts";
import type { CompleteParams, CompletionResult } from "./protocol.ts";
import { SuggestionMemory } from "./suggestionMemory.ts";
import type { DraftWorkspace } from "./workspaceStore.ts";

/** Never by itself: who replays a session must not replace what others begin with. In ms. */
const KEEP_AFTER_MS = 2 ** 31 - 1;

export class BenchSession implements Disposable {
  readonly #pair: ModelPair;
  readonly #workspace: BenchWorkspace;
  readonly #learned: LearnedState;
  readonly #promptTokens: PromptTokens;
  readonly #suggestionMemory = new SuggestionMemory();

  /** Its stores are empty. @param policy - has learned nothing yet; the session's own. */
  constructor(pair: ModelPair, workspace: BenchWorkspace, policy: MeasuredPolicy) {
    this.#pair = pair;
    this.#workspace = workspace;
    // The engine's own turns wait for the end of the benchmark.
    const turns = new BackgroundTurns();
    const options = { policy, turns, log: nullLog, keepAfterMs: KEEP_AFTER_MS };
    this.#learned = newLearnedState(pair, options);
    this.#promptTokens = new PromptTokens(pair.target.model);
  }

  get storeSizes(): StoreSizes {
    const { ngrams, matrix } = this.#learned.recycling;
    return { numNgrams: ngrams.size, numMatrixRows: matrix.numRows };
  }

  /** As the product learns from files that are new to its index. @param files - their tokens. */
  learnFiles(files: readonly Int32Array[]): this {
    for (const tokens of files) this.#learned.recycling.learnFile(tokens);
    return this;
  }

  /** Goes on with what a session kept in a folder, if one did. */
  async goOnFrom(folder: string): Promise<this> {
    await this.#learned.moveTo(new PrivateFiles(folder, nullLog));
    return this;
  }

  async complete(
    spot: SourceSpot,
    request: CompleteParams,
    signal: AbortSignal,
  ): Promise<CompletionResult> {
    const place: DraftWorkspace = await this.#workspace.enterSpot(spot, signal);
    const stores = {
      pair: this.#pair,
      learned: this.#learned,
      promptTokens: this.#promptTokens,
      workspace: { placeOf: () => place },
      passCost: undefined,
      suggestionMemory: this.#suggestionMemory,
      log: nullLog,
    };
    return generateCompletion(stores, request, () => {}, signal);
  }

  /** As the product does a while after a completion. */
  keep(): Promise<void> {
    return this.#learned.keep();
  }

  [Symbol.dispose](): void {
    this.#learned[Symbol.dispose]();
  }
}
