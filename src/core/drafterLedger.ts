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
import {
  book,
  errorOf,
  type GainAccount,
  type Gains,
  netOf,
  newGainAccount,
} from "./gainAccount.ts";

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
/** What is left of the steps that a mode's mean is made of, each time that another mode is chosen. */
const KEPT_STEPS = 0.75;

/** What one drafter did in a step: its gain is what its nodes added to the step's. */
export interface DrafterShare extends Gains {
  readonly source: DraftSource;
}

/** What the drafters of a step did. */
export interface StepShares {
  readonly shares: readonly DrafterShare[];
  /** Less than the shares' sum or more, as drafters agree; its cost is only what the shares do not hold. */
  readonly together: Gains;
}

/** What a step is weighed by, in ms. */
export interface StepWorth {
  /** A pass without drafts. */
  readonly plainMs: number;
  /** What a token is worth now. */
  readonly tokenMs: number;
}

interface ModeAccount extends GainAccount {
  /** Undefined for a source that has no modes. */
  readonly mode: DraftMode | undefined;
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
  /** Of those that draft together now, each in its mode. */
  #together = { drafting: "", account: newGainAccount() };
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
  record({ shares, together }: StepShares, worth: StepWorth): DraftSource | undefined {
    const { plainMs, tokenMs } = worth;
    const isLossTogether = this.#loseTogether(shares, together, worth);
    let worst: DraftSource | undefined;
    let worstNetMs = -TOLERANCE * plainMs;
    for (const share of shares) {
      const { source } = share;
      const accounts = this.#accounts(source);
      const { current } = accounts;
      book(current, share, tokenMs);
      accounts.isBack = false;
      const beginMs = accounts.beginMs / this.#stepsPerGeneration;
      const netMs = netAtBest(current, tokenMs, beginMs);
      const isClear = netMs < -CLEAR_LOSS * plainMs;
      if (current.numSteps < (isClear ? MIN_CLEAR_STEPS : MIN_JUDGED_STEPS)) continue;
      if (netMs > 0 && !isLossTogether) accounts.numPauses = 0;
      if (netMs >= -TOLERANCE * plainMs) {
        if (current.numSteps % MIN_JUDGED_STEPS === 0) chooseMode(accounts, tokenMs);
      } else if (this.#hasBetterMode(accounts, tokenMs)) {
        leaveMode(accounts, tokenMs);
      } else if (netMs < worstNetMs) {
        worst = source;
        worstNetMs = netMs;
      }
    }
    if (isLossTogether) worst ??= this.#leastOf(shares, tokenMs);
    // One at a time: where two propose the same, neither seems to bring anything.
    if (worst !== undefined) this.#pause(this.#accounts(worst), tokenMs);
    return worst;
  }

  /** Whether all together do not pay for what drafting costs as such, though each may pay for itself. */
  #loseTogether(
    shares: readonly DrafterShare[],
    { costMs, gainTokens }: Gains,
    { plainMs, tokenMs }: StepWorth,
  ): boolean {
    const drafting = shares.map(({ source }) => `${source} ${this.modeOf(source)}`).join();
    if (drafting !== this.#together.drafting) {
      this.#together = { drafting, account: newGainAccount() };
    }
    const { account } = this.#together;
    const ownMs = shares.reduce(
      (sum, share) =>
        sum + share.costMs + this.#accounts(share.source).beginMs / this.#stepsPerGeneration,
      0,
    );
    book(account, { costMs: costMs + ownMs, gainTokens }, tokenMs);
    const isJudged = account.numSteps >= MIN_JUDGED_STEPS;
    return isJudged && netAtBest(account, tokenMs) < -TOLERANCE * plainMs;
  }

  /** Who brings least, and in no other mode more. */
  #leastOf(shares: readonly DrafterShare[], tokenMs: number): DraftSource | undefined {
    let least: DraftSource | undefined;
    let leastNetMs = Number.POSITIVE_INFINITY;
    for (const { source } of shares) {
      const accounts = this.#accounts(source);
      const netMs = netOf(accounts.current.recent, tokenMs);
      if (netMs >= leastNetMs || this.#hasBetterMode(accounts, tokenMs)) continue;
      least = source;
      leastNetMs = netMs;
    }
    return least;
  }

  #hasBetterMode({ modes, current, beginMs }: SourceAccounts, tokenMs: number): boolean {
    const minNetMs = beginMs / this.#stepsPerGeneration;
    return modes.some((mode) => mode !== current && netOf(mode.mean, tokenMs) > minNetMs);
  }

  #pause(accounts: SourceAccounts, tokenMs: number): void {
    accounts.resumesAt = this.#numSteps + FIRST_PAUSE_STEPS * 2 ** accounts.numPauses;
    accounts.numPauses = Math.min(MAX_DOUBLINGS, accounts.numPauses + 1);
    accounts.isBack = true;
    leaveMode(accounts, tokenMs);
    for (const each of this.#sources.values()) each.current.numSteps = 0;
    this.#together.account = newGainAccount();
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
  return { mode, ...newGainAccount() };
}

/** What it may be: where gains are noisy they have to be low to be a loss, lower for who has paid so far. */
function netAtBest(account: GainAccount, tokenMs: number, beginMs = 0): number {
  const hasPaid = netOf(account.mean, tokenMs) > beginMs;
  const numErrors = NUM_ERRORS[hasPaid ? "afterGains" : "otherwise"];
  return netOf(account.recent, tokenMs) + numErrors * errorOf(account) - beginMs;
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
