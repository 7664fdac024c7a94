/**
 * node-llama-cpp's own speculation beside ours. It is a part of the clone, not of what is installed: a bundle of its own that is
 * loaded when somebody asks for it (`tooling/peers`).
 */
import { access } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import type { PeerConfig } from "../../bench/base/benchConfigNames.ts";
import type { BenchConfig } from "../../bench/speed/benchDecoder.ts";
import type { ModelPair } from "../models/modelHost.ts";

/** The peers' models, opened a second time beside ours. */
export interface Peers extends AsyncDisposable {
  /** A peer's decoders, or why it has none. */
  decoders(name: PeerConfig): Omit<BenchConfig, "name"> | string;
}

/** What the bundle exports. */
export interface PeersModule {
  /** The peers, or why there are none. @throws the signal's reason. */
  openPeers(pair: ModelPair, signal: AbortSignal): Promise<Peers | string>;
}

/** @throws the signal's reason. */
export async function openPeers(pair: ModelPair, signal: AbortSignal): Promise<Peers | string> {
  const url = new URL("./peers.mjs", import.meta.url);
  try {
    await access(fileURLToPath(url));
  } catch {
    return "node-llama-cpp's own decoding is measured in a clone of the repository only, once it is built.";
  }
  const peers: PeersModule = await import(url.href);
  return peers.openPeers(pair, signal);
}
