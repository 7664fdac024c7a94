/**
 * All that drafting is tuned by. Tokens of a draft are rows of a pass; steps are passes of the target. What each was judged by:
 * docs/notes/policy.md.
 */

/** What speculation may cost unless a user says otherwise: a share and, once, ms that nobody notices. */
export const DEFAULT_MAX_LOSS = { share: 0.03, ms: 200 } as const;
/** 0.1 %: what is less likely is taken for impossible. The budget decides above; from 1 % on drafts were 1 % slower where rows cost little. */
export const LEAST_CHANCE = 0.001;
/** Steps that are remembered, and that gains are kept for: a few generations, as what is edited changes. */
export const MEMORY_STEPS = 50;
/** Steps that an expectation counts as: with three a draft model that pays was given up by chance. */
export const PRIOR_STEPS = 8;
/** Plain steps in a row that show what one takes: a median of three behind one with cold caches. */
export const PROBE_STEPS = 4;
/** 300 % of what was expected, or a third of it, is as far as a time is believed: what is beyond is the machine's hiccup. */
export const MAX_SURPRISE = 3;
/** Rows of the longest draft: what is further is hardly reached, and 32 were 1 % slower. */
export const MAX_DEPTH = 16;
/** Rows side by side: choices for a token, matches, rows learned of a step. Three learned were 1 % slower, 16 no faster. */
export const MAX_WIDTH = 8;
/** 60 %: how often a draft model is taken to hit until it was tried; from 55 % on one that pays on a CPU is tried. */
export const PRIOR_HIT_RATE = 0.6;
/** 30 %: a draft model goes on from what is as likely where costs are not known: a pass of it is about so dear beside the target's. */
export const UNPRICED_CHANCE = 0.3;
/** ms that the output may stand still for while a draft model reads its prompt: no longer than two tokens take. */
export const READ_MS = 100;
