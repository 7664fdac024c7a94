/**
 * Which drafters pay, and how. Each way to draft has an account, by language, source and mode: what its drafts bring
 * and what they cost. A source that loses sits out a while and is tried again, later each time. A source of several
 * modes drafts some steps in one of them, then chooses anew. Pure: times come in as numbers.
 *
 * @see ALGORITHMS §18.1, and §18 reason 2 for the draft model. Theirs is a Bernoulli bandit of tokens per second; ours
 *   knows gains in ms step by step, and takes the mode whose mean, with its standard error on top, is highest (UCB;
 *   Auer et al., Finite-time analysis of the multiarmed bandit problem, 2002).
 */
import { DRAFT_MODES, type DraftMode } from "../tree/drafter.ts";
import { type DraftSource, sourceBit } from "../tree/draftTree.ts";
import {
  book,
  type GainAccount,
  type Gains,
  isClearLoss,
  isLoss,
  MIN_CLEAR_STEPS,
  MIN_JUDGED_STEPS,
  netAtBest,
  netOf,
  putInQuestion,
  type StepWorth,
} from "./gainAccount.ts";
import { GroupAccount } from "./groupAccount.ts";
import {
  chooseMode,
  heirOf,
  leaveMode,
  newSourceAccounts,
  type SourceAccounts,
} from "./sourceAccounts.ts";

const WEIGHT = 0.1;
const BEGIN_WEIGHT = 0.3;
/**
 * Of the time since a source last read, what reading may take for trying it again. On replays of 24 tokens of Qwen2.5-Coder
 * 1.5B with the 0.5B on a CPU, where no draft pays, 0.05, 0.1, 0.2 and no limit cost 0, 8, 16 and 25 % of plain's time.
 */
const TRIAL_SHARE = 0.1;

/** What one drafter did in a step: its gain is what its nodes added to the step's. */
export interface DrafterShare extends Gains {
  readonly source: DraftSource;
}

/** What the drafters of a step did. */
export interface StepShares {
  readonly shares: readonly DrafterShare[];
  /** The whole step, all its tokens and all it took: drafters agree and share costs. */
  readonly together: Gains;
}

/** What came of a step's books. */
export interface LedgerVerdict {
  /** The source that sits out from now on by itself. */
  readonly paused?: DraftSource;
  /** All seem to lose against plain decoding, which has to be measured before they sit out. */
  readonly isUnsure: boolean;
}

/** What is known in one language. */
interface LanguageAccounts {
  readonly sources: Map<DraftSource, SourceAccounts>;
  readonly group: GroupAccount;
}

export class DrafterLedger {
  readonly #draftModes: readonly DraftMode[];
  readonly #languages = new Map<string, LanguageAccounts>();
  #current: LanguageAccounts = { sources: new Map(), group: new GroupAccount() };
  #numSteps = 0;
  #numGenerations = 0;
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
    const known = this.#languages.get(languageId) ?? inherited(this.#current);
    this.#languages.set(languageId, known);
    this.#numGenerations++;
    this.#current = known;
  }

  /** Whether a source may draft now. */
  isActive(source: DraftSource): boolean {
    const { group } = this.#current;
    return group.isActive(this.#numSteps) && this.#accounts(source).pauses.isOver(this.#numSteps);
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
    if (!accounts.isBack) accounts.beginMs += BEGIN_WEIGHT * (ms - accounts.beginMs);
  }

  /** It read its prompt for so long, while tokens were waited for. What is read between requests costs nobody anything. */
  hasRead(source: DraftSource, ms: number): void {
    const accounts = this.#accounts(source);
    accounts.lastRead = { step: this.#numSteps, generation: this.#numGenerations };
    // After a pause a draft model reads the whole prompt: a price of the pause, not of its drafts.
    if (!accounts.isBack) accounts.beginMs += BEGIN_WEIGHT * ms;
  }

  /**
   * Whether a source should read on though tokens are waited for: whether it brings more in the steps that are left. However
   * many steps there were, as many as usual may come: most completions are short, some long. One of which that is not known
   * now is tried out for a small share of the time.
   * @param left - what reading the rest takes: so long, a step for each part.
   * @param maxSteps - that may still come.
   */
  paysToRead(
    source: DraftSource,
    left: { readonly ms: number; readonly numParts: number },
    maxSteps: number,
    { tokenMs, plainMs }: StepWorth,
  ): boolean {
    const { modes, current, isBack, lastRead } = this.#accounts(source);
    const numDrafting = Math.min(maxSteps, this.#stepsPerGeneration) - left.numParts;
    if (numDrafting <= 0) return false;
    const isKnown = ({ meanSteps }: GainAccount) => meanSteps >= MIN_CLEAR_STEPS;
    const nets = modes.filter(isKnown).map(({ mean }) => netOf(mean, tokenMs));
    if (numDrafting * Math.max(0, ...nets) > left.ms) return true;
    if (isKnown(current) && !isBack) return false;
    if (lastRead.generation === this.#numGenerations) return true;
    return left.ms <= TRIAL_SHARE * (this.#numSteps - lastRead.step) * plainMs;
  }

  /** A step went by, whoever drafted in it. */
  stepped(): void {
    this.#numSteps++;
  }

  ended(numSteps: number): void {
    this.#stepsPerGeneration += WEIGHT * (Math.max(1, numSteps) - this.#stepsPerGeneration);
  }

  /** Books what the drafters of a step brought. Who loses most sits out; where no part of them would pay, all do. */
  record(step: StepShares, worth: StepWorth): LedgerVerdict {
    const { tokenMs } = worth;
    const { group } = this.#current;
    this.#bookGroup(step, worth);
    let hasChanged = false;
    let worst: DraftSource | undefined;
    let worstNetMs = 0;
    let savedMs = 0;
    for (const share of step.shares) {
      const { source } = share;
      const accounts = this.#accounts(source);
      const { current, pauses } = accounts;
      book(current, share, tokenMs);
      accounts.isBack = false;
      const beginMs = this.#beginMs(accounts);
      savedMs += Math.max(0, beginMs - netOf(current.recent, tokenMs));
      const netMs = netAtBest(current, tokenMs, beginMs);
      const isClear = isClearLoss(netMs, worth);
      if (current.numSteps < (isClear ? MIN_CLEAR_STEPS : MIN_JUDGED_STEPS)) continue;
      if (netMs > 0) pauses.forget();
      if (!isLoss(netMs, worth)) {
        if (current.numSteps % MIN_JUDGED_STEPS === 0) chooseMode(accounts, tokenMs);
      } else if (this.#hasPayingMode(accounts, tokenMs)) {
        leaveMode(accounts, tokenMs);
        hasChanged = true;
      } else if (netMs < worstNetMs) {
        worst = source;
        worstNetMs = netMs;
      }
    }
    if (hasChanged) {
      group.question();
    } else if (group.loses(worth, worst === undefined ? 0 : savedMs)) {
      // Nor would some of them pay: as drafts overlap, leaving one out saves at most what it loses now.
      if (worth.isPlainKnown) this.#pauseAll(step, worth);
      return { isUnsure: !worth.isPlainKnown };
    }
    if (worst === undefined) return { isUnsure: false };
    // One at a time: where two propose the same, neither seems to bring anything.
    this.#pause(this.#accounts(worst), tokenMs);
    group.question();
    return { paused: worst, isUnsure: false };
  }

  /** All sit out, unless one has a mode that would make up for what they lose. */
  #pauseAll({ shares }: StepShares, worth: StepWorth): void {
    const { plainMs, tokenMs } = worth;
    const { group } = this.#current;
    const all = shares.map(({ source }) => this.#accounts(source));
    const lossMs = -group.netMs(plainMs);
    const payer = all.find((accounts) => {
      const netMs = netOf(accounts.current.recent, tokenMs) - this.#beginMs(accounts);
      return this.#hasPayingMode(accounts, tokenMs, Math.max(0, netMs + lossMs));
    });
    if (payer !== undefined) {
      leaveMode(payer, tokenMs);
      group.question();
      return;
    }
    group.pause(this.#numSteps, worth);
    for (const accounts of all) {
      accounts.isBack = true;
      putInQuestion(accounts.current);
    }
  }

  /** Against plain decoding a token is worth a plain step, as far as that is known when they are judged. */
  #bookGroup({ shares, together }: StepShares, { plainMs }: StepWorth): void {
    const { gainTokens } = together;
    const costMs = shares.reduce(
      (sum, { source }) => sum + this.#beginMs(this.#accounts(source)),
      together.costMs,
    );
    const members = shares.reduce((bits, { source }) => bits | sourceBit(source), 0);
    this.#current.group.book(members, { costMs, gainTokens }, plainMs);
  }

  /** What the starts of generations cost a step. */
  #beginMs({ beginMs }: SourceAccounts): number {
    return beginMs / this.#stepsPerGeneration;
  }

  /** Whether another mode than the current one pays, for so much more than itself. */
  #hasPayingMode(accounts: SourceAccounts, tokenMs: number, moreMs = 0): boolean {
    const { modes, current } = accounts;
    const minNetMs = this.#beginMs(accounts) + moreMs;
    return modes.some((mode) => mode !== current && netOf(mode.mean, tokenMs) > minNetMs);
  }

  #pause(accounts: SourceAccounts, tokenMs: number): void {
    accounts.pauses.begin(this.#numSteps);
    accounts.isBack = true;
    leaveMode(accounts, tokenMs);
    for (const { current } of this.#current.sources.values()) putInQuestion(current);
  }

  #accounts(source: DraftSource): SourceAccounts {
    const known = this.#current.sources.get(source);
    if (known !== undefined) return known;
    const accounts = newSourceAccounts(source === "draftModel" ? this.#draftModes : [undefined]);
    this.#current.sources.set(source, accounts);
    return accounts;
  }
}

/** Accounts of their own that begin where these stand, as an opinion of few steps. */
function inherited({ sources, group }: LanguageAccounts): LanguageAccounts {
  const heirs = Array.from(sources, ([source, accounts]) => [source, heirOf(accounts)] as const);
  return { sources: new Map(heirs), group: group.inherited() };
}
