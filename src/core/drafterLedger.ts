/**
 * Which drafters pay, and how. Each way to draft has an account, by language, source and mode: what its drafts bring
 * and what they cost. A source that loses sits out a while and is tried again, later each time. A source of several
 * modes drafts some steps in one of them, then chooses anew. Pure: times come in as numbers.
 *
 * @see ALGORITHMS §18.1, and §18 reason 2 for the draft model. Theirs is a Bernoulli bandit of tokens per second; ours
 *   knows gains in ms step by step, and takes the mode whose mean, with its standard error on top, is highest (UCB;
 *   Auer et al., Finite-time analysis of the multiarmed bandit problem, 2002).
 */
import { DRAFT_MODES, type DraftMode } from "./drafter.ts";
import type { DraftSource } from "./draftTree.ts";

const WEIGHT = 0.1;
const BEGIN_WEIGHT = 0.3;
/** Steps that an account needs before it is judged, and before it is found to lose much of a plain pass. */
const MIN_JUDGED_STEPS = 12;
const MIN_CLEAR_STEPS = 4;
const CLEAR_LOSS = 0.25;
/** Steps of the first pause; each further one in a row is twice as long. */
const FIRST_PAUSE_STEPS = 64;
const MAX_DOUBLINGS = 5;
/** A loss is one only beyond this share of a plain pass, and beyond so many standard errors: gains are estimates. */
const TOLERANCE = 0.002;
const NUM_ERRORS = { afterGains: 2, otherwise: 1 } as const;
/** Steps that a mode's mean is made of at most, and what is left of them each time that another mode is chosen. */
const MAX_MEAN_STEPS = 100;
const KEPT_STEPS = 0.75;

/** What one drafter did in a step. */
export interface DrafterShare {
  readonly source: DraftSource;
  readonly costMs: number;
  /** What its nodes added to the step's gain, in tokens: what a token is worth changes with the mode, too. */
  readonly gainTokens: number;
}

/** What a step is weighed by, in ms. */
export interface StepWorth {
  /** A pass without drafts. */
  readonly plainMs: number;
  /** What a token is worth now. */
  readonly tokenMs: number;
}

interface ModeAccount {
  /** Undefined for a source that has no modes. */
  readonly mode: DraftMode | undefined;
  /** Of the last steps, smoothed: whether it loses now. */
  recent: { readonly costMs: number; readonly gainTokens: number };
  /** Steps since it was last put in question. */
  numSteps: number;
  /** Of more steps: whether it is better than another. */
  mean: { readonly costMs: number; readonly gainTokens: number };
  meanSteps: number;
  /** Of the net gain of a step, in ms². */
  variance: number;
}

/** One source in one language. */
interface SourceAccounts {
  readonly modes: readonly ModeAccount[];
  /** How it drafts now. */
  current: ModeAccount;
  /** Start of a generation, spread over its steps. */
  beginMs: number;
  resumesAt: number;
  numPauses: number;
  /** Whether no step was booked since it sat out. */
  isBack: boolean;
}

export class DrafterLedger {
  readonly #draftModes: readonly DraftMode[];
  readonly #languages = new Map<string, Map<DraftSource, SourceAccounts>>();
  #sources = new Map<DraftSource, SourceAccounts>();
  #numSteps = 0;
  /** Steps that a generation takes, smoothed: what a start is spread over. */
  #stepsPerGeneration = 12;

  /** @param draftModes - what a draft model may do, in the order in which it is tried; at least one. */
  constructor(draftModes: readonly DraftMode[] = DRAFT_MODES) {
    this.#draftModes = draftModes;
    this.started(undefined);
  }

  /**
   * A generation begins. A language that is new goes on with what the last one knows until it knows better: else every
   * one of them would pay anew for finding out what does not pay on this machine.
   * @param languageId - whose accounts count from now on.
   */
  started(languageId = ""): void {
    const known = this.#languages.get(languageId) ?? inherited(this.#sources);
    this.#languages.set(languageId, known);
    this.#sources = known;
  }

  /** Whether a source may draft now. */
  isActive(source: DraftSource): boolean {
    return this.#accounts(source).resumesAt <= this.#numSteps;
  }

  /** How it drafts until the next record; undefined for a source without modes. */
  modeOf(source: DraftSource): DraftMode | undefined {
    return this.#accounts(source).current.mode;
  }

  /** Whether one of these sources is about to be judged for the first time since it was put in question. */
  isAnyYoung(sources: Iterable<DraftSource>): boolean {
    for (const source of sources) {
      if (this.#accounts(source).current.numSteps < MIN_JUDGED_STEPS) return true;
    }
    return false;
  }

  /** A drafter's start of a generation took so long. */
  began(source: DraftSource, ms: number): void {
    const accounts = this.#accounts(source);
    // After a pause a draft model reads the whole prompt: a price of the pause, not of its drafts.
    if (accounts.isBack) return;
    accounts.beginMs += BEGIN_WEIGHT * (ms - accounts.beginMs);
  }

  /** A step went by, whoever drafted in it. */
  stepped(): void {
    this.#numSteps++;
  }

  ended(numSteps: number): void {
    this.#stepsPerGeneration += WEIGHT * (Math.max(1, numSteps) - this.#stepsPerGeneration);
  }

  /**
   * Books what the drafters of a step brought.
   * @returns the source that sits out from now on, if one does.
   */
  record(shares: Iterable<DrafterShare>, worth: StepWorth): DraftSource | undefined {
    const { plainMs, tokenMs } = worth;
    let worst: DraftSource | undefined;
    let worstNetMs = -TOLERANCE * plainMs;
    for (const share of shares) {
      const { source } = share;
      const accounts = this.#accounts(source);
      const { current } = accounts;
      book(current, share, tokenMs);
      accounts.isBack = false;
      const beginMs = accounts.beginMs / this.#stepsPerGeneration;
      // What it may be at best: where gains are noisy they have to be low to be a loss, lower for who has paid so far.
      const numErrors =
        NUM_ERRORS[netOf(current.mean, tokenMs) > beginMs ? "afterGains" : "otherwise"];
      const netMs = netOf(current.recent, tokenMs) + numErrors * errorOf(current) - beginMs;
      const isClear = netMs < -CLEAR_LOSS * plainMs;
      if (current.numSteps < (isClear ? MIN_CLEAR_STEPS : MIN_JUDGED_STEPS)) continue;
      if (netMs > 0) accounts.numPauses = 0;
      if (netMs >= -TOLERANCE * plainMs) {
        if (current.numSteps % MIN_JUDGED_STEPS === 0) chooseMode(accounts, tokenMs);
      } else if (accounts.modes.some((m) => m !== current && netOf(m.mean, tokenMs) > beginMs)) {
        leaveMode(accounts, tokenMs);
      } else if (netMs < worstNetMs) {
        worst = source;
        worstNetMs = netMs;
      }
    }
    // One at a time: where two propose the same, neither seems to bring anything.
    if (worst !== undefined) this.#pause(this.#accounts(worst), tokenMs);
    return worst;
  }

  #pause(accounts: SourceAccounts, tokenMs: number): void {
    accounts.resumesAt = this.#numSteps + FIRST_PAUSE_STEPS * 2 ** accounts.numPauses;
    accounts.numPauses = Math.min(MAX_DOUBLINGS, accounts.numPauses + 1);
    accounts.isBack = true;
    leaveMode(accounts, tokenMs);
    for (const each of this.#sources.values()) each.current.numSteps = 0;
  }

  #accounts(source: DraftSource): SourceAccounts {
    const known = this.#sources.get(source);
    if (known !== undefined) return known;
    const modes = (source === "draftModel" ? this.#draftModes : [undefined]).map(newAccount);
    const accounts: SourceAccounts = {
      modes,
      current: modes[0]!,
      beginMs: 0,
      resumesAt: 0,
      numPauses: 0,
      isBack: false,
    };
    this.#sources.set(source, accounts);
    return accounts;
  }
}

/** Accounts of their own that begin where these stand, as an opinion of few steps. */
function inherited(
  sources: ReadonlyMap<DraftSource, SourceAccounts>,
): Map<DraftSource, SourceAccounts> {
  return new Map(
    Array.from(sources, ([source, accounts]) => {
      const modes = accounts.modes.map((mode) => ({
        ...mode,
        numSteps: 0,
        meanSteps: Math.min(mode.meanSteps, MIN_JUDGED_STEPS),
      }));
      const current = modes[accounts.modes.indexOf(accounts.current)]!;
      return [source, { ...accounts, modes, current }];
    }),
  );
}

function newAccount(mode: DraftMode | undefined): ModeAccount {
  const none = { costMs: 0, gainTokens: 0 };
  return { mode, recent: none, numSteps: 0, mean: none, meanSteps: 0, variance: 0 };
}

function book(account: ModeAccount, { costMs, gainTokens }: DrafterShare, tokenMs: number): void {
  const towards = (known: ModeAccount["mean"], weight: number) => ({
    costMs: known.costMs + weight * (costMs - known.costMs),
    gainTokens: known.gainTokens + weight * (gainTokens - known.gainTokens),
  });
  account.numSteps++;
  account.recent = towards(account.recent, Math.max(WEIGHT, 1 / account.numSteps));
  account.meanSteps = Math.min(MAX_MEAN_STEPS, account.meanSteps + 1);
  const weight = 1 / account.meanSteps;
  const surprise = gainTokens * tokenMs - costMs - netOf(account.mean, tokenMs);
  account.mean = towards(account.mean, weight);
  account.variance += weight * (surprise ** 2 * (1 - weight) - account.variance);
}

/** Standard error of the recent net gain, in ms. */
function errorOf({ variance, numSteps }: ModeAccount): number {
  return Math.sqrt(variance * Math.max(WEIGHT / (2 - WEIGHT), 1 / numSteps));
}

function netOf({ gainTokens, costMs }: ModeAccount["mean"], tokenMs: number): number {
  return gainTokens * tokenMs - costMs;
}

/** The mode that may be the best goes on. One that was left out for long is less and less sure, and has its turn again. */
function chooseMode(accounts: SourceAccounts, tokenMs: number, modes = accounts.modes): void {
  const { current } = accounts;
  for (const other of modes) if (other !== current) other.meanSteps *= KEPT_STEPS;
  const highestNet = ({ mean, variance, meanSteps }: ModeAccount) =>
    meanSteps === 0
      ? Number.POSITIVE_INFINITY
      : netOf(mean, tokenMs) + Math.sqrt(variance / meanSteps);
  accounts.current = modes.reduce((a, b) => (highestNet(b) > highestNet(a) ? b : a));
  if (accounts.current !== current) accounts.current.numSteps = 0;
}

/** Any other mode goes on, if there is one; what was known of this one no longer counts for much. */
function leaveMode(accounts: SourceAccounts, tokenMs: number): void {
  const { modes, current } = accounts;
  current.meanSteps = Math.min(current.meanSteps, MIN_JUDGED_STEPS);
  const others = modes.filter((one) => one !== current);
  if (others.length > 0) chooseMode(accounts, tokenMs, others);
}
