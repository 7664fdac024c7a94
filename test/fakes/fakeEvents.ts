/** What is disposed in VS Code: counted from when it was handed out until then, so that tests see what is left. */

export interface FakeDisposable {
  dispose(): void;
}

const live = new Map<FakeDisposable, string>();

export function track(what: string, onDispose: () => void = () => {}): FakeDisposable {
  const disposable = {
    dispose: () => {
      if (live.delete(disposable)) onDispose();
    },
  };
  live.set(disposable, what);
  return disposable;
}

/** What was created and not disposed. */
export function liveDisposables(): string[] {
  return [...live.values()];
}

export function forgetDisposables(): void {
  live.clear();
}

export class EventEmitter<T> {
  readonly #listeners = new Set<(value: T) => void>();
  readonly event = (listener: (value: T) => void): FakeDisposable => {
    this.#listeners.add(listener);
    return track("event listener", () => this.#listeners.delete(listener));
  };
  fire(value: T): void {
    for (const listener of [...this.#listeners]) listener(value);
  }
  dispose(): void {
    this.#listeners.clear();
  }
}

export class CancellationTokenSource {
  readonly #emitter = new EventEmitter<void>();
  #isCancelled = false;
  readonly token;
  constructor() {
    const isCancelled = () => this.#isCancelled;
    this.token = {
      get isCancellationRequested() {
        return isCancelled();
      },
      onCancellationRequested: this.#emitter.event,
    };
  }
  cancel(): void {
    this.#isCancelled = true;
    this.#emitter.fire();
  }
}
