/** For pages: `<script src="https://…/aftershow.js" data-key="as_…" defer></script>`, then `aftershow.track(…)`. */

import { type Platform, Tracker } from "./tracker";

const PREFIX = "aftershow.";

/** What a browser keeps may be full, or forbidden; then nothing is. */
const platform: Platform = {
  read(name) {
    try {
      return localStorage.getItem(PREFIX + name);
    } catch {
      return null;
    }
  },
  write(name, value) {
    try {
      if (value === null) localStorage.removeItem(PREFIX + name);
      else localStorage.setItem(PREFIX + name, value);
    } catch {
      // it is only forgotten with the page
    }
  },
  async send(url, body, leaving) {
    if (leaving) return navigator.sendBeacon(url, body) ? "taken" : "later";
    try {
      const answer = await fetch(url, { method: "POST", body, headers: { "Content-Type": "text/plain" } });
      return answer.ok ? "taken" : answer.status === 429 || answer.status >= 500 ? "later" : "no";
    } catch {
      return "later";
    }
  },
  random: () =>
    Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join(""),
};

declare global {
  interface Window {
    aftershow?: Tracker;
  }
}

const script = document.currentScript;
if (script instanceof HTMLScriptElement) {
  const { key = "", consent } = script.dataset;
  const tracker = new Tracker(new URL(script.src).origin, key, platform, consent === "granted");
  window.aftershow = tracker;
  addEventListener("pagehide", () => void tracker.flush(true));
  tracker.page({ url: location.origin + location.pathname, title: document.title });
}
