import { describe, expect, test } from "vitest";
import {
  FIRST_DELAY_MS,
  MAX_CRASHES,
  MAX_DELAY_MS,
  RestartPolicy,
} from "../../src/session/client/restartPolicy.ts";

function policyAt(gpu: ConstructorParameters<typeof RestartPolicy>[0]) {
  const clock = { now: 1_000 };
  return { clock, policy: new RestartPolicy(gpu, () => clock.now) };
}

describe("RestartPolicy", () => {
  test("starts at once before any crash", () => {
    expect(policyAt("off").policy.planStart()).toEqual({ kind: "start", delayMs: 0 });
  });

  test("doubles the back-off with each crash in a row", () => {
    const { policy } = policyAt("off");
    const delays: number[] = [];
    for (let i = 0; i < MAX_CRASHES - 1; i++) {
      policy.crashed("proven", "cpu");
      const plan = policy.planStart();
      delays.push(plan.kind === "start" ? plan.delayMs : -1);
    }
    expect(delays).toEqual([100, 200, 400, 800]);
  });

  test("counts the time since the crash towards the back-off", () => {
    const { clock, policy } = policyAt("off");
    policy.crashed("proven", "cpu");
    clock.now += 30;
    expect(policy.planStart()).toEqual({ kind: "start", delayMs: FIRST_DELAY_MS - 30 });
    clock.now += 1_000;
    expect(policy.planStart()).toEqual({ kind: "start", delayMs: 0 });
  });

  test("forgets the crashes after a completion", () => {
    const { policy } = policyAt("off");
    policy.crashed("proven", "cpu");
    policy.crashed("proven", "cpu");
    policy.completed();
    expect(policy.numCrashes).toBe(0);
    expect(policy.planStart()).toEqual({ kind: "start", delayMs: 0 });
  });

  test("refuses after too many crashes, until the longest back-off is over", () => {
    const { clock, policy } = policyAt("off");
    for (let i = 0; i < MAX_CRASHES; i++) policy.crashed("proven", "cpu");
    expect(policy.hasGivenUp).toBe(true);
    clock.now += 1_000;
    expect(policy.planStart()).toEqual({ kind: "refuse", retryInMs: MAX_DELAY_MS - 1_000 });
    clock.now += MAX_DELAY_MS;
    expect(policy.planStart()).toEqual({ kind: "start", delayMs: 0 });
    policy.crashed("starting", undefined);
    expect(policy.planStart()).toEqual({ kind: "refuse", retryInMs: MAX_DELAY_MS });
  });

  test("steps down after the second crash in a row without a completion", () => {
    const { policy } = policyAt("cuda");
    expect(policy.crashed("unproven", undefined)).toBeUndefined();
    expect(policy.retriesLoad).toBe(true);
    expect(policy.crashed("unproven", "cuda")).toEqual({ from: "cuda", to: "vulkan" });
    expect(policy.crashed("unproven", "vulkan")).toBeUndefined();
    expect(policy.crashed("unproven", "vulkan")).toEqual({ from: "vulkan", to: "off" });
    expect(policy.crashed("unproven", "cpu")).toBeUndefined();
    expect(policy.retriesLoad).toBe(false);
    expect(policy.gpu).toBe("off");
  });

  test.each(["auto", "metal", "vulkan"] as const)("steps down from %s to the CPU", (gpu) => {
    const { policy } = policyAt(gpu);
    policy.crashed("unproven", undefined);
    expect(policy.crashed("unproven", undefined)).toEqual({ from: gpu, to: "off" });
  });

  test("keeps the backend if a completion came between the crashes", () => {
    const { policy } = policyAt("cuda");
    policy.crashed("unproven", "cuda");
    policy.completed();
    policy.crashed("unproven", "cuda");
    expect(policy.gpu).toBe("cuda");
  });

  test("keeps the backend if the models worked before the crash", () => {
    const { policy } = policyAt("cuda");
    policy.crashed("unproven", "cuda");
    policy.crashed("proven", "cuda");
    policy.crashed("unproven", "cuda");
    expect(policy.gpu).toBe("cuda");
  });

  test("keeps the backend if `auto` had chosen the CPU, or nothing was loaded, or the start failed", () => {
    const { policy } = policyAt("auto");
    policy.crashed("unproven", "cpu");
    policy.crashed("unproven", "cpu");
    policy.crashed("idle", undefined);
    policy.crashed("starting", undefined);
    expect(policy.gpu).toBe("auto");
    expect(policy.retriesLoad).toBe(false);
  });
});
