/**
 * Opens libraries that this process has loaded already, and no others: a second copy of llama.cpp would know neither the
 * first one's devices nor its models. The system is asked, as Node's report of a process cuts paths on Windows.
 */
import { statSync } from "node:fs";
import { win32 } from "node:path";
import koffi, { type LibraryHandle } from "koffi";
import { EngineError } from "../../core/base/errors.ts";

/** The libraries of this process. */
export interface NativeModules {
  /** The C library. */
  readonly c: LibraryHandle;
  /**
   * Opens a library that is loaded; undefined for one that is not, be it a copy of a loaded one.
   * @param path - absolute, of any length.
   * @param symbol - that it exports, to tell copies apart.
   * @throws EngineError `libraryMismatch` if opening it loaded a copy.
   */
  openLoaded(path: string, symbol: string): LibraryHandle | undefined;
}

type Address = bigint | null;

export function nativeModules(): NativeModules {
  return process.platform === "win32" ? windowsModules() : posixModules();
}

function posixModules(): NativeModules {
  const isMac = process.platform === "darwin";
  // The program's own symbols, so whatever C library it runs on. macOS: in full, as dyld looks a bare name up in /usr/lib
  // only for callers built before the SDK of macOS 14.
  const c = koffi.load(isMac ? "/usr/lib/libSystem.B.dylib" : null);
  const dlopen = c.func("void* dlopen(const char*, int)");
  const dlsym = c.func("void* dlsym(void*, const char*)");
  const RTLD_LAZY = 0x1;
  const RTLD_NOLOAD = isMac ? 0x10 : 0x4;
  return {
    c,
    openLoaded(path, symbol) {
      const module = dlopen(path, RTLD_LAZY | RTLD_NOLOAD) as Address;
      return module === null ? undefined : openSame(path, symbol, dlsym(module, symbol) as Address);
    },
  };
}

/** Longest path that Windows has, in UTF-16 units. */
const MAX_WINDOWS_PATH = 32_767;

function windowsModules(): NativeModules {
  const kernel32 = koffi.load("kernel32.dll");
  const getModule = kernel32.func("void* GetModuleHandleW(const char16_t*)");
  const getFileName = kernel32.func("uint32 GetModuleFileNameW(void*, void*, uint32)");
  const getAddress = kernel32.func("void* GetProcAddress(void*, const char*)");
  return {
    c: koffi.load("ucrtbase.dll"),
    openLoaded(path, symbol) {
      // By its name alone: the system may know the path with another prefix or by other folders.
      const module = getModule(win32.basename(path)) as Address;
      if (module === null) return undefined;
      const name = Buffer.alloc(2 * MAX_WINDOWS_PATH);
      const length = getFileName(module, name, MAX_WINDOWS_PATH) as number;
      const loaded = name.toString("utf16le", 0, 2 * length);
      if (!isSameFile(loaded, path)) return undefined;
      return openSame(loaded, symbol, getAddress(module, symbol) as Address);
    },
  };
}

function openSame(path: string, symbol: string, address: Address): LibraryHandle {
  const library = koffi.load(path);
  if (address === null || library.symbol(symbol) !== address) {
    throw new EngineError(
      "libraryMismatch",
      `${path} is loaded, but opening it gave another library: "${symbol}" was expected at ${address}. ` +
        "Restart the engine; if it repeats, reinstall Treeline.",
    );
  }
  return library;
}

function isSameFile(a: string, b: string): boolean {
  const [first, second] = [a, b].map((path) =>
    statSync(path, { bigint: true, throwIfNoEntry: false }),
  );
  return first !== undefined && first.dev === second?.dev && first.ino === second.ino;
}
