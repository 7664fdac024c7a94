/** Logging, injected. One line per event: `verb key=value …`; source text and paths only at trace. */
export type LogLevel = "error" | "warn" | "info" | "debug" | "trace";

export type Log = (level: LogLevel, message: string) => void;

export const nullLog: Log = () => {};
