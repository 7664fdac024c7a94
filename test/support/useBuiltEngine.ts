/** Set-up and leak check for suites on the built engine. */
import { afterEach, beforeAll, expect } from "vitest";
import type { EngineClient } from "../../src/session/client/engineClient.ts";
import { assertBuilt, livingEngines, openClient } from "./builtEngine.ts";

const clients: EngineClient[] = [];

/** No engine outlives the test that opened its client with {@link createClient}. */
export function useBuiltEngine(): void {
  beforeAll(assertBuilt);
  afterEach(async () => {
    for (const client of clients.splice(0)) await client[Symbol.asyncDispose]();
    expect(livingEngines()).toEqual([]);
  });
}

/** A client on the CPU that is disposed after the test; see {@link openClient}. */
export function createClient(...options: Parameters<typeof openClient>): EngineClient {
  const client = openClient(...options);
  clients.push(client);
  return client;
}

export const ignore = () => {};
