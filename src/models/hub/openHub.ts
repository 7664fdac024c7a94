/** The hub that models come from: its address, whose token, and whether it may be asked at all. */
import { EngineError } from "../../core/base/errors.ts";
import { quotedText } from "../../core/base/foreignText.ts";
import { createHubRequest } from "./hubRequest.ts";
import type { Hub } from "./openHubFile.ts";

export const DEFAULT_HUB = "https://huggingface.co";
/** A connection that brings nothing for so long is given up and made anew. */
const SILENCE_MS = 30_000;

export interface HubSettings {
  /** A mirror's address; the hub's own if absent. */
  readonly address?: string | undefined;
  readonly token?: string | undefined;
  /** Nothing is asked for, whoever asks. */
  readonly isOffline?: boolean;
}

/**
 * Asks for nothing yet.
 * @throws EngineError offline where the user wants no request; invalidCatalogue for an address that is none.
 */
export function openHub(
  { address = DEFAULT_HUB, token, isOffline = false }: HubSettings,
  agentFor?: Parameters<typeof createHubRequest>[1],
): Hub {
  if (isOffline)
    throw new EngineError(
      "offline",
      "Treeline is offline by your setting: expected leave to fetch a model, found none. Turn treeline.model.offline off " +
        "(on the command line HF_HUB_OFFLINE), or choose a file that is on this disk.",
    );
  const url = URL.canParse(address) ? new URL(address) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol) || url.search !== "" || url.hash !== "")
    throw new EngineError(
      "invalidCatalogue",
      `Model hub: expected an address such as ${DEFAULT_HUB}, found ${quotedText(address)}. Correct treeline.model.hub or HF_ENDPOINT.`,
    );
  const request = createHubRequest(SILENCE_MS, agentFor);
  return { address: url, request, token };
}
