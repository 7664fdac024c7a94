/** Why figures are to be doubted, in sentences that the suites say alike: a busy machine, too few prompts. Pure. */
import { type Disturbance, MAX_OTHERS_SHARE } from "./busyMeter.ts";
import { MIN_BOUNDED_VALUES } from "./statistics.ts";

/** @param share - of the cores, that others used before the start. */
export function busyBeforeStart(share: number): string[] {
  return share > MAX_OTHERS_SHARE
    ? [
        `The machine is busy: others used ${percent(share)} of its cores before the start. Repeat it on an idle machine.`,
      ]
    : [];
}

/** @param parts - of which the disturbance is, with their place in time: "at 3 of", "prompts". */
export function busyParts(
  { numBusy, maxShare }: Disturbance,
  numParts: number,
  parts: string,
  when: "at" | "before" = "at",
): string[] {
  return numBusy > 0
    ? [
        `Others used up to ${percent(maxShare)} of the cores ${when} ${numBusy} of ${numParts} ${parts}.`,
      ]
    : [];
}

/** @param one - what there are so many of, in the singular. */
export function tooFewForBounds(count: number, one: string): string[] {
  return count < MIN_BOUNDED_VALUES
    ? [
        `${count} ${one}${count === 1 ? " is" : "s are"} too few for 95 % bounds; what stands there is the range.`,
      ]
    : [];
}

export function percent(share: number): string {
  return `${(100 * share).toFixed(0)} %`;
}
