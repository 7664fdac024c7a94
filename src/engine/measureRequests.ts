/** The requests that measure the loaded models: each is checked, then has the models for itself. */
import type * as v from "valibot";
import type {
  CancellationToken,
  MessageConnection,
  RequestHandler,
  RequestType,
  ResponseError,
} from "vscode-jsonrpc/node";
import type { CompletionServer } from "./completionServer.ts";
import { benchSuggestions } from "./measure/benchSuggestions.ts";
import { runBenchmark } from "./measure/runBenchmark.ts";
import type { ModelPair } from "./models/modelHost.ts";
import {
  type BenchProgress,
  benchParams,
  benchProgress,
  benchRequest,
} from "./protocol/benchMessages.ts";
import type { WireError } from "./protocol/protocol.ts";
import { benchSuggestionsParams, benchSuggestionsRequest } from "./protocol/suggestionMessages.ts";
import { checkRequest } from "./requestChecks.ts";

/** How requests are answered, and what nobody waits for is sent. */
export interface Wire {
  readonly connection: MessageConnection;
  readonly answer: <T>(
    token: CancellationToken,
    work: (signal: AbortSignal) => Promise<T>,
  ) => Promise<T | ResponseError<WireError>>;
  readonly send: (task: Promise<void>) => void;
}

/** A cancel or a newer request ends it with what was finished. */
type Measurement<P, A> = (
  pair: ModelPair,
  params: P,
  onProgress: (progress: BenchProgress) => void,
  running: AbortSignal,
) => Promise<A>;

export function registerMeasuring(
  { connection, answer, send }: Wire,
  server: CompletionServer,
): void {
  const register = <P extends { readonly progressToken: string }, A>(
    request: RequestType<P, A, WireError>,
    schema: v.GenericSchema,
    measure: Measurement<P, A>,
  ) => {
    const handle = (params: P, token: CancellationToken) => {
      const onProgress = (progress: BenchProgress) =>
        send(connection.sendProgress(benchProgress, params.progressToken, progress));
      return answer(token, (signal) =>
        server.measure(async (pair, running) => {
          checkRequest(schema, params);
          return measure(pair, params, onProgress, running);
        }, signal),
      );
    };
    // The library's type is conditional: an answer may be left out where it is null, and none is.
    connection.onRequest(request, handle as RequestHandler<P, A, WireError>);
  };
  register(benchRequest, benchParams, runBenchmark);
  register(benchSuggestionsRequest, benchSuggestionsParams, benchSuggestions);
}
