/** What VS Code calls a language where people choose one. */
import * as vscode from "vscode";

interface ContributedLanguage {
  readonly id?: unknown;
  readonly aliases?: unknown;
}

/** `TypeScript JSX` of `typescriptreact`; the id itself where no extension names it. */
export function languageName(languageId: string): string {
  // The one language that VS Code itself brings along.
  if (languageId === "plaintext") return vscode.l10n.t("Plain Text");
  for (const { packageJSON } of vscode.extensions.all) {
    const languages: unknown = packageJSON?.contributes?.languages;
    if (!Array.isArray(languages)) continue;
    const named = (languages as readonly ContributedLanguage[]).find(
      ({ id, aliases }) => id === languageId && Array.isArray(aliases) && aliases.length > 0,
    );
    const [name] = (named?.aliases ?? []) as readonly unknown[];
    if (typeof name === "string") return name;
  }
  return languageId;
}
