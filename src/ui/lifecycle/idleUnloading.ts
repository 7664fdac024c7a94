/** Lets the engine sleep when nobody asked for long, and wakes it with the next question. */
import { l10n } from "vscode";
import { abortable } from "../../session/abort.ts";
import type {
  CompletionQuery,
  CompletionSource,
  QueryOutcome,
} from "../../session/broker/completionQuery.ts";
import type { Clock } from "../../session/clock.ts";
import { type Config, whyOnlyWhenAsked } from "../base/config.ts";
import type { EngineStatus } from "../figures/status.ts";

export interface Sleeper extends Pick<CompletionSource, "query" | "prepare"> {
  readonly status: Pick<EngineStatus, "phase">;
  /** Both never reject. */
  sleep(): Promise<void>;
  wake(): Promise<void>;
}

/** It is looked so often while the wait lasts. */
const LOOKS_PER_WAIT = 10;
const WAKING = l10n.t("The models are being loaded again, as nobody had asked for a while.");

export class IdleUnloading implements Pick<CompletionSource, "query" | "prepare">, Disposable {
  readonly #sleeper: Sleeper;
  readonly #clock: Clock;
  readonly #config: () => Config;
  #usedAt = 0;
  /** Counts questions and places: what the engine is woken for is prepared if nothing came after it. */
  #numUses = 0;
  #waitMs: number | undefined;
  #looks: Disposable | undefined;

  constructor(sleeper: Sleeper, clock: Clock, config: () => Config) {
    this.#sleeper = sleeper;
    this.#clock = clock;
    this.#config = config;
  }

  settingsChanged(): void {
    const waitMs = this.#config().unloadAfterMinutes * 60_000;
    if (waitMs === this.#waitMs) return;
    this[Symbol.dispose]();
    this.#waitMs = waitMs;
    this.#usedAt = this.#clock.now();
    if (waitMs === 0) return;
    this.#looks = this.#clock.every(waitMs / LOOKS_PER_WAIT, () => {
      if (this.#clock.now() - this.#usedAt >= waitMs) void this.#sleeper.sleep();
    });
  }

  async query(query: CompletionQuery, signal: AbortSignal): Promise<QueryOutcome> {
    this.#numUses++;
    // What would be refused unasked neither wakes the engine nor keeps it awake.
    if (query.trigger !== "automatic" || whyOnlyWhenAsked(this.#config()) === undefined) {
      this.#usedAt = this.#clock.now();
      try {
        if (this.#isAsleep) await abortable(this.#sleeper.wake(), signal);
      } catch {
        return { noSuggestion: { reason: "cancelled", detail: WAKING } };
      }
    }
    return this.#sleeper.query(query, signal);
  }

  prepare(query: CompletionQuery): void {
    this.#usedAt = this.#clock.now();
    const use = ++this.#numUses;
    const prepareIfNewest = () => {
      if (use === this.#numUses) this.#sleeper.prepare(query);
    };
    if (this.#isAsleep) void this.#sleeper.wake().then(prepareIfNewest);
    else prepareIfNewest();
  }

  get #isAsleep(): boolean {
    return this.#sleeper.status.phase === "asleep";
  }

  [Symbol.dispose](): void {
    this.#looks?.[Symbol.dispose]();
    this.#looks = undefined;
  }
}
