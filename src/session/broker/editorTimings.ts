/** What VS Code waits for before and after it asks, read in its sources (1.117). */
/** From a key to the question, in ms (`InlineCompletionsDebounce`). */
export const EDITOR_DEBOUNCE_MS = 50;
/**
 * From a key behind a word until VS Code gives its question up and opens its list, where no ghost text is there, in ms: by
 * default (`editor.quickSuggestions`: `offWhenInlineCompletions`) 750 after `editor.quickSuggestionsDelay`, which is 10.
 */
export const EDITOR_GIVES_UP_MS = 760;
/** A cursor that moved no more for this long rests, in ms. */
export const CURSOR_REST_MS = 100;
