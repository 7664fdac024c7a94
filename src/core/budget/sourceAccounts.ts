/** The books of one drafter in one language: an account for each mode, and which of them goes on. */
import type { DraftMode } from "../tree/drafter.ts";
import { type GainAccount, MIN_JUDGED_STEPS, netOf, newGainAccount } from "./gainAccount.ts";
import { Pauses } from "./pauses.ts";

/** What is left of the steps that a mode's mean is made of, each time that another mode is chosen. */
const KEPT_STEPS = 0.75;

export interface ModeAccount extends GainAccount {
  /** Undefined for a source that has no modes. */
  readonly mode: DraftMode | undefined;
}

/** One source in one language. */
export interface SourceAccounts {
  readonly modes: readonly ModeAccount[];
  /** How it drafts now. */
  current: ModeAccount;
  /** Start of a generation and what is read of its prompt, spread over its steps. */
  beginMs: number;
  readonly pauses: Pauses;
  /** Whether no step was booked since it sat out. */
  isBack: boolean;
  /** When it last read its prompt while tokens were waited for. */
  lastRead: { readonly step: number; readonly generation: number };
}

/** @param draftModes - at least one, in the order in which they are tried. */
export function newSourceAccounts(draftModes: readonly (DraftMode | undefined)[]): SourceAccounts {
  const modes = draftModes.map(newAccount);
  return {
    modes,
    current: modes[0]!,
    beginMs: 0,
    pauses: new Pauses(),
    isBack: false,
    lastRead: { step: Number.NEGATIVE_INFINITY, generation: -1 },
  };
}

/** Accounts of its own that begin where these stand, as an opinion of few steps. */
export function heirOf(accounts: SourceAccounts): SourceAccounts {
  const modes = accounts.modes.map((mode) => ({
    ...mode,
    numSteps: 0,
    meanSteps: Math.min(mode.meanSteps, MIN_JUDGED_STEPS),
  }));
  const current = modes[accounts.modes.indexOf(accounts.current)]!;
  return { ...accounts, modes, current, pauses: accounts.pauses.copy() };
}

function newAccount(mode: DraftMode | undefined): ModeAccount {
  return { mode, ...newGainAccount() };
}

/** The mode that may be the best goes on. One that was left out for long is less and less sure, and has its turn again. */
export function chooseMode(
  accounts: SourceAccounts,
  tokenMs: number,
  modes = accounts.modes,
): void {
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
export function leaveMode(accounts: SourceAccounts, tokenMs: number): void {
  const { modes, current } = accounts;
  current.meanSteps = Math.min(current.meanSteps, MIN_JUDGED_STEPS);
  const others = modes.filter((one) => one !== current);
  if (others.length > 0) chooseMode(accounts, tokenMs, others);
}
