/** Checks what comes from the other process before anything is done with it. */
import type * as v from "valibot";
import { EngineError } from "../core/base/errors.ts";
import { problemOf } from "../core/base/messageSchema.ts";

/** @throws EngineError `invalidRequest` that names the field, what was expected and what was found. */
export function checkRequest(schema: v.GenericSchema, request: unknown): void {
  const problem = problemOf(schema, request);
  if (problem !== undefined) throw new EngineError("invalidRequest", `${problem}.`);
}
