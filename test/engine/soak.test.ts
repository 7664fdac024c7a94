/**
 * Hours of typing in minutes: neither process grows, nothing is left unhandled, nothing is connected to a network.
 * Takes about seven minutes, so only on demand:
 *
 *   npm run build && TREELINE_SOAK=1 npx vitest run --project model test/engine/soak.test.ts
 */
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { describe, expect, test } from "vitest";
import { useBuiltEngine } from "../support/useBuiltEngine.ts";
import type { SoakFigures } from "./soakRun.ts";

const SOAK_RUN = fileURLToPath(new URL("soakRun.ts", import.meta.url));
const FLAGS = ["--expose-gc", "--max-semi-space-size=1", "--unhandled-rejections=strict"];
const MAX_MB_PER_1000 = 1;

useBuiltEngine();

describe("broker and engine", () => {
  test("do not grow while somebody types", { timeout: 1_800_000 }, async () => {
    const { stdout } = await promisify(execFile)(process.execPath, [...FLAGS, SOAK_RUN]);
    const figures = JSON.parse(stdout) as SoakFigures;
    console.log(JSON.stringify(figures, null, 1));
    expect(figures.numRequests).toBeGreaterThanOrEqual(3_000);
    expect(figures.networkSockets).toEqual([]);
    for (const slope of Object.values(figures.slopes)) expect(slope).toBeLessThan(MAX_MB_PER_1000);
  });
});
