import { type Language, usePreferences } from "./preferences";

/** Makes a hook that gives words in the reader's language; both languages say the same things. */
export function makeWords<Words>(words: { zh: Words; en: NoInfer<Words> }): () => Words {
  return function useWords() {
    return words[usePreferences().language];
  };
}

export const useLanguage = (): Language => usePreferences().language;

/** Words for what the API names; it may come to name more. */
export const record = (words: Record<string, string>): Record<string, string> => words;
