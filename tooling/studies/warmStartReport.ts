/**
 * What stores that an earlier session kept are worth at a request's first step: the report of the suite `warmstart`, as
 * data and as Markdown. Pure.
 */

import { disturbance } from "../../src/bench/base/busyMeter.ts";
import {
  busyBeforeStart,
  busyParts,
  percent,
  tooFewForBounds,
} from "../../src/bench/base/doubts.ts";
import { formatColumns } from "../../src/bench/base/markdownTable.ts";
import type { MeanInterval } from "../../src/bench/base/statistics.ts";
import { markdownText } from "../../src/core/base/foreignText.ts";
import { meanInterval } from "./meanInterval.ts";

/** Which drafters ran: all, as in the product, and alone the one whose store is kept. */
export const WARM_START_DRAFTERS = ["fused", "recycling"] as const;
export type WarmStartDrafters = (typeof WARM_START_DRAFTERS)[number];

/**
 * What a session begins with: nothing; the bigrams of the workspace's files, as the product's first session there; what
 * an earlier session kept.
 */
export const SESSION_STARTS = ["empty", "files", "persisted"] as const;
export type SessionStart = (typeof SESSION_STARTS)[number];

/** The requests of the session that was kept, or others of the same files. */
export const REQUEST_SETS = ["replayed", "others"] as const;
export type RequestSet = (typeof REQUEST_SETS)[number];

/** How a request's output compares with plain decoding's, by the lossless rule. */
export type OutputMatch = "equal" | "nearTie" | "different";

/** One request in one session. */
export interface WarmStartRun {
  /** Drafted tokens that the first pass accepted. */
  readonly firstStepAccepted: number;
  readonly numSteps: number;
  /** The bonus tokens included. */
  readonly numCommittedTokens: number;
  /** Drafted nodes that the target evaluated. */
  readonly numVerified: number;
  /** Whether the drafter whose store is kept drafted at all: it may sit out. */
  readonly usesRecycling: boolean;
  readonly match: OutputMatch;
}

/** A session's stores before its first request. */
export interface StoreSizes {
  readonly numNgrams: number;
  /** Filled rows of the successor matrix. */
  readonly numMatrixRows: number;
}

/** One session over a set of requests. */
export interface WarmStartSession {
  readonly drafters: WarmStartDrafters;
  readonly requests: RequestSet;
  readonly start: SessionStart;
  readonly stores: StoreSizes;
  /** In the order of the requests; equally many in the sessions of the same drafters and requests. */
  readonly runs: readonly WarmStartRun[];
}

type WarmStartRow = ReturnType<typeof rowOf>;

export type WarmStartReport = ReturnType<typeof warmStartReport>;

export interface WarmStartSettings {
  /** Where the requests are from, in words. */
  readonly origin: string;
  readonly seed: number;
  /** Requests wanted of each set. */
  readonly numPrompts: number;
  readonly maxTokens: number;
  readonly flatRows: number | null;
  readonly backend: string;
  readonly target: string;
  readonly draft: string | null;
  /** Shares of the cores that others used, 0 … 1: before the start, and while each request was replayed in turns. */
  readonly busyShare: number;
  readonly othersShares: readonly number[];
}

/**
 * Drafted tokens that the first pass accepted: those before its bonus token, which no source drafted.
 * @param tokenSources - [tokens] bits of sources, 0 for the target's own.
 */
export function firstStepAccepted(tokenSources: Uint8Array): number {
  const bonus = tokenSources.indexOf(0);
  return bonus === -1 ? tokenSources.length : bonus;
}

/**
 * @param sessions - those without a run are left out.
 * @param numKept - requests of the session that was kept.
 */
export function warmStartReport(
  sessions: readonly WarmStartSession[],
  about: WarmStartSettings,
  numKept: number,
) {
  const rows = sessions
    .filter(({ runs }) => runs.length > 0)
    .map((session) => {
      const empty = sessions.find(
        ({ drafters, requests, start }) =>
          start === "empty" && drafters === session.drafters && requests === session.requests,
      );
      return rowOf(session, empty?.runs ?? session.runs, about.seed);
    });
  const missing = missingRequests(rows, about.numPrompts);
  const isComplete = missing.length === 0;
  return {
    suite: "warmstart",
    about,
    numKept,
    /** False where fewer requests were replayed than wanted. */
    isComplete,
    rows,
    ...judgement(rows, about, missing),
  };
}

function rowOf(
  { runs, ...session }: WarmStartSession,
  emptyRuns: readonly WarmStartRun[],
  seed: number,
) {
  const accepted = runs.map((run) => run.firstStepAccepted);
  const count = (of: (run: WarmStartRun) => boolean) => runs.filter(of).length;
  const total = (of: (run: WarmStartRun) => number) => runs.reduce((sum, run) => sum + of(run), 0);
  const gains = accepted.map((value, index) => value - emptyRuns[index]!.firstStepAccepted);
  const lengths = runs.map(({ numCommittedTokens, numSteps }) => numCommittedTokens / numSteps);
  return {
    ...session,
    numRequests: runs.length,
    firstStepAccepted: meanInterval(accepted, seed),
    /** Of requests whose first step accepted a token at least. */
    firstStepShare: count((run) => run.firstStepAccepted > 0) / runs.length,
    /** First-step tokens more than the empty session's on the same requests. */
    gainOverEmpty: meanInterval(gains, seed),
    /** Tokens per pass over the whole request, the bonus included, request by request. */
    acceptanceLength: meanInterval(lengths, seed),
    verifiedPerStep: total((run) => run.numVerified) / total((run) => run.numSteps),
    /** Of requests in which the drafter whose store is kept drafted anything. */
    recyclingShare: count((run) => run.usesRecycling) / runs.length,
    numNearTies: count(({ match }) => match === "nearTie"),
    numDifferent: count(({ match }) => match === "different"),
  };
}

/** In words, where fewer requests were replayed than wanted. */
function missingRequests(rows: readonly WarmStartRow[], numWanted: number): string[] {
  return WARM_START_DRAFTERS.flatMap((drafters) =>
    REQUEST_SETS.flatMap((requests) => {
      const row = rows.find((one) => one.drafters === drafters && one.requests === requests);
      const numReplayed = row?.numRequests ?? 0;
      if (numReplayed >= numWanted) return [];
      return [`${drafters}, ${REQUEST_NAMES[requests]}: ${numReplayed} of ${numWanted}`];
    }),
  );
}

/** @param missing - which requests, in words. */
function judgement(
  rows: readonly WarmStartRow[],
  { flatRows, busyShare, othersShares }: WarmStartSettings,
  missing: readonly string[],
) {
  /** What makes the figures no result. */
  const errors: string[] = [];
  const warnings: string[] = [];
  const numDifferent = rows.reduce((sum, row) => sum + row.numDifferent, 0);
  if (numDifferent > 0) {
    errors.push(`${numDifferent} outputs differ from plain decoding: speculation is not lossless.`);
  }
  if (rows.some(({ start, stores }) => start === "persisted" && stores.numNgrams === 0)) {
    errors.push("A session found no n-gram kept: nothing was written, or it was not believed.");
  }
  if (missing.length > 0) {
    warnings.push(
      `Stopped early, or the files have no more: fewer requests were replayed than wanted (${missing.join("; ")}).`,
    );
  }
  const isDrafted = rows.every(({ verifiedPerStep }) => verifiedPerStep >= 0.5);
  if (rows.length > 0 && !isDrafted && flatRows === null) {
    warnings.push(
      "The measured cost of passes allowed few drafts or none here, so that little can be accepted whatever is known; " +
        "--flat-rows 16 shows what a machine with cheap rows would accept.",
    );
  }
  // How much is drafted depends on what passes and drafters take.
  warnings.push(
    ...busyBeforeStart(busyShare),
    ...busyParts(disturbance(othersShares), othersShares.length, "requests"),
    ...(rows.length === 0
      ? []
      : tooFewForBounds(Math.min(...rows.map(({ numRequests }) => numRequests)), "request")),
  );
  return { errors, warnings };
}

const START_NAMES: Record<SessionStart, string> = {
  empty: "empty",
  files: "the workspace's bigrams",
  persisted: "persisted",
};
const REQUEST_NAMES: Record<RequestSet, string> = {
  replayed: "replayed",
  others: "others, same files",
};

/** The report as Markdown. */
export function formatWarmStartReport(report: WarmStartReport): string {
  const { about, numKept, rows, errors, warnings } = report;
  const { origin, seed, maxTokens, flatRows, backend, target, draft } = about;
  const cost =
    flatRows === null
      ? "Drafts are chosen by the measured cost of passes."
      : `Drafts are chosen as if passes of up to ${flatRows} rows cost the same (--flat-rows ${flatRows}): acceptance is real, but this is not the budget that this machine would choose.`;
  const table = formatColumns(rows, [
    ["drafters, requests", ({ drafters, requests }) => `${drafters}, ${REQUEST_NAMES[requests]}`],
    ["stores at the start", ({ start }) => START_NAMES[start]],
    ["n-grams", ({ stores }) => String(stores.numNgrams)],
    ["matrix rows", ({ stores }) => String(stores.numMatrixRows)],
    ["requests", ({ numRequests }) => String(numRequests)],
    ["first step >= 1", ({ firstStepShare }) => percent(firstStepShare)],
    ["tokens accepted in the first step", (row) => intervalText(row.firstStepAccepted)],
    ["more than empty", (row) => (row.start === "empty" ? "-" : intervalText(row.gainOverEmpty))],
    ["tokens per pass", ({ acceptanceLength }) => intervalText(acceptanceLength)],
    ["nodes per pass", ({ verifiedPerStep }) => verifiedPerStep.toFixed(1)],
    ["recycling drafted", ({ recyclingShare }) => percent(recyclingShare)],
    ["near ties", ({ numNearTies }) => String(numNearTies)],
    ["differing", ({ numDifferent }) => String(numDifferent)],
  ]);
  return `${[
    "# Warm start",
    ...errors.map((error) => `**ERROR: ${markdownText(error)}**`),
    ...warnings.map((warning) => `**${markdownText(warning)}**`),
    `Target ${markdownText(target)}, ${draft === null ? "no draft model" : `draft ${markdownText(draft)}`}, ${backend}. Spans hidden in ${markdownText(origin)}; seed ` +
      `${seed}, ${maxTokens} tokens at most. ${cost}`,
    `A first session makes ${numKept} requests from empty stores and is kept: written as the product writes it, and read ` +
      "again. Later sessions make the same requests, or others of the same files, request by request in turns: from " +
      "empty stores, from the bigrams of the workspace's files without any hidden span, and from what was kept. All have " +
      "the same index of the workspace, without the hidden span, and learn on as they go; earlier suggestions are not " +
      "kept. The others lie in the same files as the replayed requests, whose prefixes and suffixes may hold the others' " +
      'hidden text, and bigrams of it are kept: for the others this favours "persisted". Means with 95 % bootstrap ' +
      'bounds; "more than empty" is paired by request. "Recycling drafted" is the share of requests in which the ' +
      "drafter whose store is kept did not sit out; it learns all the while. Outputs are compared with " +
      "plain decoding.",
    table,
  ].join("\n\n")}\n`;
}

function intervalText({ mean, low, high }: MeanInterval): string {
  return `${mean.toFixed(2)} (${low.toFixed(2)} to ${high.toFixed(2)})`;
}
