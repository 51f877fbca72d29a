/** For mini-programs: `const { begin } = require("./aftershow.mini.js"); const aftershow = begin("https://…", "as_…");` */

import { type Platform, Tracker } from "./tracker";

interface Weixin {
  getStorageSync(name: string): unknown;
  setStorageSync(name: string, value: string): void;
  removeStorageSync(name: string): void;
  request(asked: {
    url: string;
    method: "POST";
    data: string;
    header: Record<string, string>;
    success(answer: { statusCode: number }): void;
    fail(): void;
  }): void;
  onAppHide(then: () => void): void;
}

declare const wx: Weixin;

const PREFIX = "aftershow.";
const DIGITS = "0123456789abcdef";

const platform: Platform = {
  read(name) {
    const value = wx.getStorageSync(PREFIX + name);
    return typeof value === "string" && value ? value : null;
  },
  write(name, value) {
    if (value === null) wx.removeStorageSync(PREFIX + name);
    else wx.setStorageSync(PREFIX + name, value);
  },
  send: (url, data) =>
    new Promise((resolve) => {
      wx.request({
        ...{ url, method: "POST", data, header: { "content-type": "text/plain" } },
        success: ({ statusCode }) => {
          resolve(statusCode < 300 ? "taken" : statusCode === 429 || statusCode >= 500 ? "later" : "no");
        },
        fail: () => {
          resolve("later");
        },
      });
    }),
  random: () => Array.from({ length: 32 }, () => DIGITS.charAt(Math.floor(Math.random() * 16))).join(""),
};

/** A tracker of the mini-program. `consent`: the visitor agreed that this device is known again. */
export function begin(url: string, key: string, consent = false): Tracker {
  const tracker = new Tracker(url, key, platform, consent);
  wx.onAppHide(() => void tracker.flush());
  return tracker;
}
