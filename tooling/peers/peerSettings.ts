/** The settings of node-llama-cpp's token predictors that a benchmark tries, four of each; the first is its default. */

export interface PeerDraftSettings {
  readonly kind: "draft";
  /** Tokens that a pass waits for, and tokens drafted ahead at most. */
  readonly minTokens: number;
  readonly maxTokens: number;
  /** A draft ends where the draft model's probability falls below this. */
  readonly minConfidence: number;
}

export interface PeerLookupSettings {
  readonly kind: "lookup";
  /** Tokens that must have stood in the prompt before, and tokens copied from there at most. */
  readonly minPattern: number;
  readonly maxPrediction: number;
}

export type PeerSettings = PeerDraftSettings | PeerLookupSettings;

/** Threads of a peer's contexts, for single rows and batches alike: node-llama-cpp knows one number. */
export interface PeerThreads {
  readonly target: number;
  /** Of no meaning where nothing is drafted by a model. */
  readonly draft: number;
}

/** All that is chosen for a peer. */
export interface PeerSetup {
  readonly settings: PeerSettings;
  readonly threads: PeerThreads;
}

/** Short chains, as on a CPU the fourth row is the last cheap one; and one long enough for a GPU. */
export const PEER_DRAFT_SETTINGS: readonly [PeerDraftSettings, ...PeerDraftSettings[]] = [
  { kind: "draft", minTokens: 0, maxTokens: 16, minConfidence: 0.6 },
  { kind: "draft", minTokens: 3, maxTokens: 3, minConfidence: 0.3 },
  { kind: "draft", minTokens: 3, maxTokens: 3, minConfidence: 0.6 },
  { kind: "draft", minTokens: 8, maxTokens: 8, minConfidence: 0.6 },
];

/** The last is that of prompt lookup decoding, which it is based on. */
export const PEER_LOOKUP_SETTINGS: readonly [PeerLookupSettings, ...PeerLookupSettings[]] = [
  { kind: "lookup", minPattern: 1, maxPrediction: 3 },
  { kind: "lookup", minPattern: 2, maxPrediction: 3 },
  { kind: "lookup", minPattern: 2, maxPrediction: 7 },
  { kind: "lookup", minPattern: 3, maxPrediction: 10 },
];

/**
 * Thread counts to try: as many as ours for the target, or one, which is faster where node-llama-cpp's threads wait for
 * cores or for each other. Its draft model gets one as ours does, or as many as the target.
 */
export function peerThreadChoices(kind: PeerSettings["kind"], numThreads: number): PeerThreads[] {
  if (numThreads === 1) return [{ target: 1, draft: 1 }];
  return [
    { target: numThreads, draft: 1 },
    { target: 1, draft: 1 },
    ...(kind === "draft" ? [{ target: numThreads, draft: numThreads }] : []),
  ];
}

/** Everything that is chosen, in words; different for different setups. */
export function describePeer({ settings, threads }: PeerSetup): string {
  const target = `${threads.target} thread${threads.target === 1 ? "" : "s"}`;
  if (settings.kind === "lookup") {
    const { minPattern, maxPrediction } = settings;
    return `InputLookupTokenPredictor, pattern ${minPattern}+, prediction up to ${maxPrediction}, ${target}`;
  }
  const { minTokens, maxTokens, minConfidence } = settings;
  const range = minTokens === maxTokens ? `${maxTokens}` : `${minTokens}-${maxTokens}`;
  return (
    `DraftSequenceTokenPredictor, ${range} tokens, confidence ${minConfidence}, ` +
    `${target} and ${threads.draft} for the draft model`
  );
}
