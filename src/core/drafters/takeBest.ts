/** Best-first expansion: the next node to add is the one that the target reaches most likely. */

/** Removes the candidate of highest survival, the first of equals; budgets are tens of nodes, where a scan beats a heap. */
export function takeBest<Candidate extends { readonly survival: number }>(
  candidates: Candidate[],
): Candidate | undefined {
  let bestIndex = -1;
  for (let index = 0; index < candidates.length; index++) {
    if (bestIndex === -1 || candidates[index]!.survival > candidates[bestIndex]!.survival) {
      bestIndex = index;
    }
  }
  return bestIndex === -1 ? undefined : candidates.splice(bestIndex, 1)[0];
}
