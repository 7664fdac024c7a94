/** `treeline bench` as a person starts it, without a terminal. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import type { BenchReport } from "../../src/bench/speed/benchReport.ts";
import { useBuiltEngine } from "../support/useBuiltEngine.ts";

useBuiltEngine();

const CLI = fileURLToPath(new URL("../../dist/cli.mjs", import.meta.url));

function startBench(...args: readonly string[]) {
  const startMs = performance.now();
  const child = spawn(process.execPath, [CLI, "bench", "--gpu", "off", ...args], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  const seen = { out: "", err: "", firstMs: Number.POSITIVE_INFINITY };
  child.stdout.on("data", (data: Buffer) => (seen.out += String(data)));
  child.stderr.on("data", (data: Buffer) => {
    seen.firstMs = Math.min(seen.firstMs, performance.now() - startMs);
    seen.err += String(data);
  });
  return { child, seen, startMs };
}

describe("treeline bench", () => {
  test("says at once what it does, goes on telling, and ends in time with a sentence", async () => {
    const { child, seen, startMs } = startBench("--minutes", "0.25", "--json", "-");
    const [code] = await once(child, "close");
    const seconds = (performance.now() - startMs) / 1000;
    expect(code).toBe(0);
    expect(seen.err).toMatch(/^Measuring how soon a line is shown .*: 0\.25 minutes at most\.\n/);
    // One second on an idle machine.
    expect(seen.firstMs).toBeLessThan(3_000);
    expect(seen.err.trim().split("\n").length).toBeGreaterThan(1);
    expect(seen.err).not.toContain("\u001b");
    const report = JSON.parse(seen.out) as BenchReport;
    expect(report.verdict.sentence).toMatch(/^(On this machine|Too few prompts)/);
    expect(report.isComplete).toBe(true);
    expect(seconds).toBeLessThan(15 + 10);
  });

  test("reports what is finished when it is interrupted", async () => {
    const { child, seen } = startBench("--minutes", "5");
    while (!/repo: \d+ prompts? measured/.test(seen.err)) await once(child.stderr, "data");
    child.kill("SIGINT");
    const [code] = await once(child, "close");
    expect(code).toBe(130);
    expect(seen.out).toMatch(/^# Treeline benchmark \(stopped before its end\)\n\n\*\*/);
    expect(seen.out).toContain("It was stopped before its end");
  });
});
