import { useSyncExternalStore } from "react";

/** Whether the API answers. While it doesn't, it is asked every two seconds; `onBack` is called when it does again. */
let lost = false;
const listeners = new Set<() => void>();
const backListeners = new Set<() => void>();

function set(value: boolean): void {
  if (lost === value) return;
  lost = value;
  for (const each of listeners) each();
}

async function ask(): Promise<void> {
  try {
    const answer = await fetch("/v1/session", { cache: "no-store" });
    if (!answer.ok) throw new Error("not yet");
    set(false);
    for (const each of backListeners) each();
  } catch {
    setTimeout(() => void ask(), 2000);
  }
}

export function connectionLost(): void {
  if (lost) return;
  set(true);
  setTimeout(() => void ask(), 1000);
}

export function onBack(listener: () => void): () => void {
  backListeners.add(listener);
  return () => backListeners.delete(listener);
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export const useConnectionLost = (): boolean => useSyncExternalStore(subscribe, () => lost);

window.addEventListener("offline", connectionLost);
