/** What a benchmark suite is given, and what it must be able to do. */
import type { PromptArm } from "../../bench/accuracy/promptArms.ts";
import type { CommandContext, EngineSession, ModelOptions } from "../base/engineSession.ts";
import type { ContextChoice } from "./accuracyPrompt.ts";

/** A server as the user names it. */
export interface NamedServer {
  /** Of the report; the server's own words if absent. */
  readonly label?: string;
  readonly url: URL;
}

export interface BenchOptions extends ModelOptions {
  readonly seed: number;
  /** Where the JSON goes; `-` is stdout, in place of the report. */
  readonly json?: string;
  /** Where the report goes as a file. */
  readonly markdown?: string;
  /** Only what a pass costs, and no suite. */
  readonly cost?: boolean;
  /** For the suite `typing`; its own default if absent. */
  readonly sessions?: number;
  /** For the same: when a line is to be there, in ms; prompts have one length if absent. */
  readonly firstLine?: number;
  /** For the suite `accuracy`: k, and the JSON of an earlier run to compare with. */
  readonly suggestions?: number;
  readonly compare?: string;
  /** For the suite `accuracy`: prompts to compare at the same places, the first with the others; the product's if absent. */
  readonly arms?: readonly PromptArm[];
  /** For the suite `accuracy`: which text of other files the prompt has, and how much at most; none if absent. */
  readonly context?: ContextChoice;
  readonly contextTokens?: number;
  /** For what is asked place by place, and for typing: a file of results as they come, to go on from. */
  readonly resume?: string;
  /** llama-servers that the same places are run on. */
  readonly against?: readonly NamedServer[];
  /** For the suites of speed; their own defaults if absent. */
  readonly minutes?: number;
  readonly workspace?: string;
  readonly configs?: readonly string[];
  readonly prompts?: number;
  readonly maxTokens?: number;
  readonly promptTokens?: number;
  readonly flatRows?: number;
  readonly cold?: boolean;
}

/** What a suite measures with. */
export interface SuiteSurroundings {
  readonly options: BenchOptions;
  readonly context: CommandContext;
  readonly session: EngineSession;
}

/** A benchmark: what it measures is plain data, printed as text or as JSON. */
export interface BenchSuite<R> {
  /** What it is about to do and how long that takes, in a line. */
  plan?(options: BenchOptions): string;
  /** Returns what was measured so far when the signal aborts, or throws its reason if that is nothing. */
  measure(surroundings: SuiteSurroundings, signal: AbortSignal): Promise<R>;
  format(report: R): string;
  /** The report in a sentence, which a person finds at its end; undefined where it has none. */
  summary?(report: R): string | undefined;
}
