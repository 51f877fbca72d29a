import { useSyncExternalStore } from "react";

export type Language = "zh" | "en";
export type Theme = "system" | "light" | "dark";

interface Preferences {
  language: Language;
  theme: Theme;
}

const KEY = "aftershow";
const listeners = new Set<() => void>();
let current = read();

function read(): Preferences {
  let kept: Partial<Preferences> = {};
  try {
    kept = JSON.parse(localStorage.getItem(KEY) ?? "{}") as Partial<Preferences>;
  } catch {
    // what can't be read is as good as nothing kept
  }
  return {
    language: kept.language === "en" ? "en" : "zh",
    theme: kept.theme === "light" || kept.theme === "dark" ? kept.theme : "system",
  };
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export const usePreferences = (): Preferences => useSyncExternalStore(subscribe, () => current);

/** Kept in this browser. */
export function prefer(change: Partial<Preferences>): void {
  current = { ...current, ...change };
  localStorage.setItem(KEY, JSON.stringify(current));
  for (const each of listeners) each();
}

const dark = window.matchMedia("(prefers-color-scheme: dark)");

function subscribeDark(listener: () => void): () => void {
  dark.addEventListener("change", listener);
  return () => {
    dark.removeEventListener("change", listener);
  };
}

export function useIsDark(): boolean {
  const { theme } = usePreferences();
  const system = useSyncExternalStore(subscribeDark, () => dark.matches);
  return theme === "system" ? system : theme === "dark";
}
