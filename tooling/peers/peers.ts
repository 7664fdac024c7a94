/** The peers of a benchmark: their models beside ours, and their decoders. The engine loads this as `dist/peers.mjs`. */
import { freemem } from "node:os";
import { setTimeout as delay } from "node:timers/promises";
import type { PeerConfig } from "../../src/bench/base/benchConfigNames.ts";
import type { DecodeRun, Decoder } from "../../src/bench/speed/benchDecoder.ts";
import { messageOf } from "../../src/core/base/errors.ts";
import type { GenerationContext } from "../../src/core/tree/drafter.ts";
import type { Peers, PeersModule } from "../../src/engine/measure/benchPeers.ts";
import type { ModelPair } from "../../src/engine/models/modelHost.ts";
import { PeerModels, peerMemoryProblem } from "./peerDecode.ts";
import {
  describePeer,
  PEER_DRAFT_SETTINGS,
  PEER_LOOKUP_SETTINGS,
  type PeerSetup,
  peerThreadChoices,
} from "./peerSettings.ts";

/** ggml's threads watch for work this long after a pass of ours; another's passes must not share the cores with them. */
const POOL_REST_MS = 300;

export const openPeers: PeersModule["openPeers"] = async (pair, signal) => {
  const { target, loaded } = pair;
  const problem = peerMemoryProblem(loaded, freemem());
  if (problem !== undefined) return problem;
  try {
    const models = await PeerModels.open(target.model.library, loaded, signal);
    return peersOf(models, pair);
  } catch (error) {
    // It has errors of its own for an abort.
    signal.throwIfAborted();
    return `node-llama-cpp could not load the models beside ours: ${messageOf(error)}`;
  }
};

function peersOf(models: PeerModels, pair: ModelPair): Peers {
  return {
    /** First with how many threads, by the peer's default; then its other settings with that many. */
    decoders(name: PeerConfig) {
      const [first, ...others] = name === "peer:draft" ? PEER_DRAFT_SETTINGS : PEER_LOOKUP_SETTINGS;
      const decoder = (setup: PeerSetup) => new PeerDecoder(models, setup, pair);
      // As many as ours has now: they are equal for as long as the benchmark runs.
      const choices = peerThreadChoices(first.kind, pair.target.target.numThreads);
      return {
        isPeer: true,
        decoders: choices.map((threads) => decoder({ settings: first, threads })),
        refine: (best) =>
          best instanceof PeerDecoder
            ? others.map((settings) => decoder({ ...best.setup, settings }))
            : [],
      };
    },
    [Symbol.asyncDispose]: () => models[Symbol.asyncDispose](),
  };
}

class PeerDecoder implements Decoder {
  readonly setting: string;
  readonly setup: PeerSetup;
  readonly #peers: PeerModels;
  readonly #isEndToken: ModelPair["isEndToken"];

  constructor(peers: PeerModels, setup: PeerSetup, { isEndToken }: ModelPair) {
    this.setting = describePeer(setup);
    this.setup = setup;
    this.#peers = peers;
    this.#isEndToken = isEndToken;
  }

  async prepare(signal: AbortSignal): Promise<void> {
    await this.#peers.prepare(this.setup, signal);
    await delay(POOL_REST_MS, undefined, { signal });
  }

  decode(
    { promptTokens }: GenerationContext,
    maxTokens: number,
    signal: AbortSignal,
  ): Promise<DecodeRun> {
    const limits = { maxTokens, isEndToken: this.#isEndToken };
    return this.#peers.decode(this.setup, promptTokens, limits, signal);
  }
}
