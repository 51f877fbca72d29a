import type { Language } from "./preferences";

const STEPS: [Intl.RelativeTimeFormatUnit, number][] = [
  ["year", 31_536_000],
  ["month", 2_592_000],
  ["day", 86_400],
  ["hour", 3600],
  ["minute", 60],
];

const locale = (language: Language): string => (language === "zh" ? "zh-CN" : "en");

/** How long ago, in words: 3 小时前. */
export function ago(at: string, now: number, language: Language): string {
  const seconds = (new Date(at).getTime() - now) / 1000;
  const words = new Intl.RelativeTimeFormat(locale(language), { numeric: "auto" });
  for (const [unit, size] of STEPS)
    if (Math.abs(seconds) >= size) return words.format(Math.trunc(seconds / size), unit);
  return language === "zh" ? "刚刚" : "just now";
}

/** An instant in the reader's own time zone: 2026-03-02 19:40. */
export function instant(at: string): string {
  const time = new Date(at);
  const two = (value: number) => String(value).padStart(2, "0");
  const day = `${time.getFullYear()}-${two(time.getMonth() + 1)}-${two(time.getDate())}`;
  return `${day} ${two(time.getHours())}:${two(time.getMinutes())}`;
}

export const count = (value: number): string => value.toLocaleString("en-US");
