/**
 * What a benchmark measures: decoders, each with its runs. Our own are built in `coreDecoders.ts` over core's
 * interfaces, peers in the llama room; the runner knows neither.
 */
import type { GenerationContext } from "../../core/tree/drafter.ts";
import type { DraftSource } from "../../core/tree/draftTree.ts";

/** How one source's drafts fared in a run. */
export interface SourceRun {
  /** Nodes drafted, before fusion and budget. */
  readonly proposed: number;
  /** [deepest + 1] nodes by depth below the root, verified and accepted; [0] is 0. */
  readonly verifiedByDepth: readonly number[];
  readonly acceptedByDepth: readonly number[];
  /** Reading, drafting and learning, in ms. */
  readonly ms: number;
}

/** What only our own loop can tell of a run. */
export interface PassDetail {
  /** Read for drafts, draft, fuse, budget, verify, commit and learn of all passes, in ms. */
  readonly hostMs: number;
  /** [largest + 1] passes by their rows, the root included. */
  readonly passesByRows: readonly number[];
  /** Accepted tokens that calibrated scores promised; null where nothing is calibrated. */
  readonly expectedAccepted: number | null;
  readonly bySource: Partial<Readonly<Record<DraftSource, SourceRun>>>;
  /** Drafters that failed and sat out the rest, with the reason. */
  readonly failures: readonly string[];
}

/**
 * One generation. It is cut in two where the first pass that yields a token has ended, by the same rule for everyone:
 * what came until then is `firstTokenMs` and `numFirstTokens`, the rest is decoding. A pass brings tokens in one go, so
 * tokens of that first pass beyond the first were free and would flatter whoever accepts many.
 */
export interface DecodeRun {
  /** The output, without the end token. */
  readonly tokens: Int32Array;
  /** Output tokens of the first pass. */
  readonly numFirstTokens: number;
  /** From the request to the end of the first pass: prompt, drafters' start, first drafts. */
  readonly firstTokenMs: number;
  /** Of that, what the target took for the prompt; null where the decoder cannot tell. */
  readonly promptMs: number | null;
  /** [tokens.length] from the request until each token was there; those of one pass come together. */
  readonly tokenMs: readonly number[];
  /** From there until the output had ended. */
  readonly decodeMs: number;
  /** Passes of the target that yielded tokens. */
  readonly numSteps: number;
  /** Tokens that those passes brought, an end token included. */
  readonly numCommitted: number;
  readonly detail?: PassDetail;
}

/** One way to decode with one setting. */
export interface Decoder {
  /** In words. */
  readonly setting: string;
  /** Empties every cache, so that all start alike; not measured. */
  prepare(signal: AbortSignal): Promise<void>;
  /**
   * The same, but for the target's cache: what it holds of the prompt is used again, and what the prompt takes is measured
   * once for everyone. Absent where a decoder has a cache of its own.
   */
  prepareForSamePrompt?(signal: AbortSignal): Promise<void>;
  /** At most `maxTokens`; only an end token ends the output earlier. */
  decode(prompt: GenerationContext, maxTokens: number, signal: AbortSignal): Promise<DecodeRun>;
}

/** A row of the report. */
export interface BenchConfig {
  readonly name: string;
  /** Left out if it fails; a failure of our own ends the benchmark. */
  readonly isPeer: boolean;
  /**
   * The best one is chosen on the warm-up prompts; at least one. What it learned there it keeps: the product does not
   * begin anew each day either.
   */
  readonly decoders: readonly Decoder[];
  /** More to try once the best of those is known. */
  readonly refine?: (best: Decoder) => readonly Decoder[];
}

/** A run that used the prompt's cells of another one, as if it had evaluated the prompt itself in that one's time. */
export function withPromptMs(run: DecodeRun, promptMs: number | null): DecodeRun {
  if (promptMs === null || run.promptMs === null) return run;
  const addedMs = promptMs - run.promptMs;
  return {
    ...run,
    promptMs,
    firstTokenMs: run.firstTokenMs + addedMs,
    tokenMs: run.tokenMs.map((ms) => ms + addedMs),
  };
}

/** Tokens that decoding brought, in {@link DecodeRun}'s second part. */
export function numDecoded(run: DecodeRun): number {
  return run.tokens.length - run.numFirstTokens;
}
