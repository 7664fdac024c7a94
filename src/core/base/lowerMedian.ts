/** The median; of two in the middle the lower: what disturbs a measurement makes it longer. At least one value. */
export function lowerMedian(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor((sorted.length - 1) / 2)]!;
}
