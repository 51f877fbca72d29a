/** A new play, and what clicking a part adds to it; in the order in which plays mostly have them. */
export const BEGINNING = `play: new_play
name: 新玩法
during: {stream: any}
entry: {per: customer, times: 1, cost: none}
rules: 每人一次，不收任何费用。
steps:
`;

export const PARTS: [string, string][] = [
  ["collect", "  - {id: collect, collect: entries, for: 10m, at_most: 100000}\n"],
  ["collect: votes", "  - {id: vote, collect: votes, for: 3m, question: 选哪个？, options: {a: 甲, b: 乙}}\n"],
  [
    "collect: answers",
    "  - {id: quiz, collect: answers, for: 2m, question: 题目, options: {a: 甲, b: 乙}, correct: a}\n",
  ],
  ["collect: guesses", "  - {id: guess, collect: guesses, for: 5m, question: 猜多少？}\n"],
  ["count", "  - {id: count, count: votes}\n"],
  ["draw", "  - {id: draw, draw: {prizes: [{coupon: full59_minus10, count: 10}]}}\n"],
  ["rank", "  - {id: rank, rank: {by: fastest, prizes: [{coupon: full59_minus10, count: 10}]}}\n"],
  ["reward", "  - {id: points, reward: {points: 10}, to: entrants}\n"],
  ["announce", "  - {id: tell, announce: [screen, page, winners], send: lottery_won, via: [wecom, sms]}\n"],
  ["wait", "  - {wait: 1m}\n"],
  ["if", "  - if: {entries_at_least: 10}\n    then: [{announce: [screen, page]}]\n    else: [{stop: 参加的人太少}]\n"],
  ["start", "  - {start: after_play, for: lost}\n"],
  ["stop", "  - {stop: 原因}\n"],
];

/** The name that a text gives its play. */
export const nameIn = (text: string): string => /^play:\s*([\w-]+)/m.exec(text)?.[1] ?? "new_play";
