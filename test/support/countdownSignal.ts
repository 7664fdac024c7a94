/** A signal that aborts at the n-th look at it: every point where code can react to a cancel, one by one. */
export function countdownSignal(numLooks: number): {
  signal: AbortSignal;
  wasReached: () => boolean;
} {
  const controller = new AbortController();
  const { signal } = controller;
  let left = numLooks;
  const look = () => {
    left--;
    if (left <= 0) controller.abort();
  };
  const abortedGetter = Object.getOwnPropertyDescriptor(AbortSignal.prototype, "aborted")!.get!;
  Object.defineProperty(signal, "aborted", {
    get() {
      look();
      return abortedGetter.call(signal) as boolean;
    },
  });
  Object.defineProperty(signal, "throwIfAborted", {
    value() {
      look();
      AbortSignal.prototype.throwIfAborted.call(signal);
    },
  });
  return { signal, wasReached: () => left <= 0 };
}
