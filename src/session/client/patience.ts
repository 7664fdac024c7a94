/**
 * How long the engine may show no life before it counts as hung, by what it was asked for. All times are of the host
 * awake (`EngineWatch`), and none is a time for a request as a whole: who gets on is waited for.
 */
import { BEAT_MS } from "../../engine/protocol/beatMessages.ts";

/** In ms; Infinity for never. */
export interface Limits {
  /** Without any message. */
  readonly silentMs: number;
  /** Without a sign of work: no progress, next to no processor time, nothing read. */
  readonly idleMs: number;
  /** Without progress and nothing read, although it computes: of a cancelled request, until its answer. */
  readonly busyMs: number;
}

export interface Patience {
  readonly wanted: Limits;
  /** From the cancel on, or from a newer job, which cancels it in the engine. */
  readonly cancelled: Limits;
  /** Jobs run one after another, so only the first says what the engine may take. Others are answered beside them. */
  readonly isJob: boolean;
}

const MINUTE_MS = 60_000;

/** Five beats. A busy machine lets a process wait for its turn for seconds. */
export const SILENT_MS = 5 * BEAT_MS;
/** The same in a load, which opens a GPU's driver on the event loop: from a cold disk and past a virus scanner. */
export const LOAD_SILENT_MS = 30_000;
/** Time from the spawn to the first answer; a cold disk and a virus scanner need some of it. */
export const START_TIMEOUT_MS = 30_000;
/** A pass on a GPU that leaves the processor idle takes seconds, a starved machine some more. */
export const IDLE_MS = MINUTE_MS;
/** The same where a network drive may be away, a cloud drive fetch the file first, or another process build shaders. */
export const LOAD_IDLE_MS = 5 * MINUTE_MS;
/** Shaders for a new GPU or driver, and a prompt on a slow processor, take minutes in which nothing is told. */
export const BUSY_MS = 30 * MINUTE_MS;
/** A cancel waits for the pass that runs. */
export const CANCEL_GRACE_MS = 15_000;
/** The same while it computes: a part of a prompt on a large, partly offloaded model. */
export const CANCEL_BUSY_MS = MINUTE_MS;
/** The same while it benchmarks: a peer's pass over a prompt cannot be cancelled. */
export const BENCH_CANCEL_GRACE_MS = MINUTE_MS;
/** A cancelled load ends with the tensor that is read; nobody wants it any more, so a drive that is away ends it. */
export const LOAD_CANCEL_IDLE_MS = MINUTE_MS;
/** The same where it reads or computes on: a large tensor from a slow drive, or shaders, which a driver keeps. */
export const LOAD_CANCEL_GRACE_MS = 5 * MINUTE_MS;

function limits(silentMs: number, idleMs: number, busyMs: number): Limits {
  return { silentMs, idleMs, busyMs };
}

const ASKED = limits(SILENT_MS, IDLE_MS, BUSY_MS);
const LOADING = limits(LOAD_SILENT_MS, LOAD_IDLE_MS, BUSY_MS);

/** Health, statistics, *forget*. */
export const QUESTION: Patience = { wanted: ASKED, cancelled: ASKED, isJob: false };

export const UNLOAD: Patience = { wanted: ASKED, cancelled: ASKED, isJob: true };

export const LOAD: Patience = {
  wanted: LOADING,
  cancelled: limits(SILENT_MS, LOAD_CANCEL_IDLE_MS, LOAD_CANCEL_GRACE_MS),
  isJob: true,
};

export const COMPLETION: Patience = {
  wanted: ASKED,
  cancelled: limits(SILENT_MS, CANCEL_GRACE_MS, CANCEL_BUSY_MS),
  isJob: true,
};

/** Until loaded models have finished one: its first passes may build shaders, as a load does. */
export const FIRST_COMPLETION: Patience = {
  wanted: { ...LOADING, silentMs: SILENT_MS },
  cancelled: limits(SILENT_MS, CANCEL_GRACE_MS, LOAD_CANCEL_GRACE_MS),
  isJob: true,
};

/** Loads models of its own, for the peers. */
export const BENCHMARK: Patience = {
  wanted: LOADING,
  cancelled: limits(LOAD_SILENT_MS, BENCH_CANCEL_GRACE_MS, BENCH_CANCEL_GRACE_MS),
  isJob: true,
};

const HANDSHAKE = limits(START_TIMEOUT_MS, START_TIMEOUT_MS, START_TIMEOUT_MS);
/** The engine's code is being read and cannot beat yet. */
export const START: Patience = { wanted: HANDSHAKE, cancelled: HANDSHAKE, isJob: false };

const BACKGROUND = limits(SILENT_MS, Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY);
/** The index makes way for requests, and waits for a slow disk: it is enough that the engine lives. */
export const INDEXING: Patience = { wanted: BACKGROUND, cancelled: BACKGROUND, isJob: false };
