/** Listeners of one event. */
export class ListenerSet<T> {
  readonly #listeners = new Set<(value: T) => void>();

  /** Adds a listener; disposing the result removes it. */
  add(listener: (value: T) => void): Disposable {
    // Wrapped, so that adding one function twice makes two listeners.
    const entry = (value: T) => listener(value);
    this.#listeners.add(entry);
    return { [Symbol.dispose]: () => void this.#listeners.delete(entry) };
  }

  fire(value: T): void {
    for (const listener of [...this.#listeners]) listener(value);
  }
}
