/** A new play, and what clicking a part adds to it; in the order in which plays mostly have them. */
export const BEGINNING = `play: new_play
name: 新玩法
during: {stream: any}
entry: {per: customer, times: 1, cost: none}
rules: 每人一次，不收任何费用。
steps:
`;

export const PARTS = {
  entries: "  - {id: collect, collect: entries, for: 10m, at_most: 100000}\n",
  votes: "  - {id: vote, collect: votes, for: 3m, question: 选哪个？, options: {a: 甲, b: 乙}}\n",
  answers: "  - {id: quiz, collect: answers, for: 2m, question: 题目, options: {a: 甲, b: 乙}, correct: a}\n",
  guesses: "  - {id: guess, collect: guesses, for: 5m, question: 猜多少？}\n",
  count: "  - {id: count, count: votes}\n",
  draw: "  - {id: draw, draw: {prizes: [{coupon: full59_minus10, count: 10}]}}\n",
  rank: "  - {id: rank, rank: {by: fastest, prizes: [{coupon: full59_minus10, count: 10}]}}\n",
  reward: "  - {id: points, reward: {points: 10}, to: entrants}\n",
  show: "  - {id: show, announce: [screen, page]}\n",
  tell: "  - {id: tell, announce: [screen, page, winners], send: lottery_won, via: [wecom, sms]}\n",
  wait: "  - {wait: 1m}\n",
  if: "  - if: {entries_at_least: 10}\n    then: [{announce: [screen, page]}]\n    else: [{stop: 参加的人太少}]\n",
  start: "  - {start: after_play, for: lost}\n",
  stop: "  - {stop: 原因}\n",
} as const;

export type Part = keyof typeof PARTS;

/** The name that a text gives its play. */
export const nameIn = (text: string): string => /^play:\s*([\w-]+)/m.exec(text)?.[1] ?? "new_play";

interface Parted {
  head: string;
  steps: string[];
}

/** What stands above the steps, and each step; null if they aren't written below each other, at the end. */
export function parted(text: string): Parted | null {
  const found = /^steps:[ \t]*\n/m.exec(text);
  if (!found) return null;
  const start = found.index + found[0].length;
  const steps = text.slice(start).split(/^(?= {2}- )/m);
  const isOurs = steps.every((step) => step === "" || /^ {2}- /.test(step)) && !/^\S/m.test(text.slice(start));
  return isOurs ? { head: text.slice(0, start), steps: steps.filter(Boolean) } : null;
}

const joined = ({ head, steps }: Parted): string => head + steps.map((step) => step.replace(/\n*$/, "\n")).join("");

/** The text with a part at its end; its id is one that isn't there yet. */
export function withPart(text: string, part: Part): string {
  const snippet: string = PARTS[part];
  const id = /\bid: ([\w-]+)/.exec(snippet)?.[1];
  const isTaken = (name: string) => new RegExp(`\\bid: ${name}\\b`).test(text);
  let number = 1;
  while (id && isTaken(number === 1 ? id : `${id}${number}`)) number += 1;
  const added = number === 1 ? snippet : snippet.replace(`id: ${id ?? ""}`, `id: ${id ?? ""}${number}`);
  return `${text.replace(/\n*$/, "\n")}${added}`;
}

/** The text with a step, counted from 0, so many places further down. */
export function moved(text: string, place: number, by: number): string {
  const parts = parted(text);
  if (!parts) return text;
  const steps = [...parts.steps];
  const [step] = steps.splice(place, 1);
  if (step !== undefined) steps.splice(place + by, 0, step);
  return joined({ ...parts, steps });
}

/** The text without a step. */
export function without(text: string, place: number): string {
  const parts = parted(text);
  return parts ? joined({ ...parts, steps: parts.steps.filter((_, each) => each !== place) }) : text;
}
