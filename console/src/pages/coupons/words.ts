import type { Schema } from "@/api/client";
import { count } from "@/parts/time";
import { yuan } from "@/parts/money";
import { makeWords, record } from "@/parts/words";

type Terms = Schema["Terms"];
type Limit = Schema["CouponLimit"];

const SPAN = /^(\d+)\s*([mhdw])(.*)$/;

function spanOf(text: string, units: Record<string, string>, whole: string): string {
  const [, number = "", unit = "", rest = ""] = SPAN.exec(text) ?? [];
  return number === "" ? text : `${number}${units[unit] ?? unit}${rest === "" ? "" : whole}`;
}

export const useWords = makeWords({
  zh: {
    title: "券",
    edit: "编辑优惠券",
    about: "每个优惠活动发了多少、用了多少、还剩多少；输入券码，看一张券的来龙去脉。",
    find: "查券码",
    findHint: "输入券码",
    campaign: "活动",
    offer: "优惠",
    issued: "已发",
    live: "可用",
    locked: (n: string) => `${n} 张锁在订单里`,
    redeemed: "已用",
    expired: "过期",
    revoked: "收回",
    rate: "使用率",
    liability: "待兑（元）",
    liabilityAbout: "可用的券最多还会抵扣多少",
    discounts: "已抵扣（元）",
    left: "预算剩余",
    leftCount: (left: string, budget: string) => `${left} / ${budget} 张`,
    leftMoney: (left: string, budget: string) => `${left} / ${budget} 元`,
    noBudget: "不限",
    over: "已下架",
    none: "还没有优惠活动",
    noneAbout: "在 journey_specs/_coupons.yaml 里写一行，旅程就能发券。",
    off: (terms: Terms) =>
      [
        terms.threshold > 0 && `满 ${yuan(terms.threshold)} 元`,
        terms.amount_off !== null ? `减 ${yuan(terms.amount_off)} 元` : `减 ${terms.percent_off ?? 0}%`,
        terms.ceiling !== null && `（最多 ${yuan(terms.ceiling)} 元）`,
      ]
        .filter(Boolean)
        .join(""),
    valid: (text: string) =>
      text.startsWith("until ")
        ? `${text.slice(6)} 前有效`
        : `发出后 ${spanOf(text, { m: " 分钟", h: " 小时", d: " 天", w: " 周" }, "，到当天结束")}内有效`,
    per: ({ count: times, days }: Limit) => (days === null ? `每人 ${times} 张` : `每人每 ${days} 天 ${times} 张`),
    goods: (terms: Terms) =>
      terms.products === "lot"
        ? "只限所发批次的商品"
        : terms.products === "companions"
          ? "只限和所购商品搭配的商品"
          : [...terms.categories, ...terms.skus].length > 0
            ? `限 ${[...terms.categories, ...terms.skus].join("、")}`
            : "全场可用",
    combines: "可与其他券同用",
    back: "所有活动",
    days: "最近 30 天",
    daysAbout: "按发券日统计：那天发出的券，后来怎么样了",
    day: "日期",
    noDays: "最近 30 天没有发券。",
    coupons: "券",
    all: "全部",
    code: "券码",
    status: "状态",
    customer: "客户",
    customerNo: (id: number) => `客户 ${id}`,
    issuedAt: "发出时间",
    expiresAt: "到期时间",
    order: "订单",
    noCoupons: "没有这样的券。",
    more: "更多",
    life: "来龙去脉",
    events: record({
      "coupon.issued": "发出",
      "coupon.locked": "锁进订单",
      "coupon.released": "订单取消，退回可用",
      "coupon.redeemed": "使用",
      "coupon.restored": "订单退款，退回可用",
      "coupon.expired": "过期",
      "coupon.revoked": "收回",
    }),
    forOrder: (id: string) => `订单 ${id}`,
    cost: "抵扣",
    costMost: (sum: string) => `最多 ${sum} 元`,
    costWas: (sum: string) => `${sum} 元`,
    revoke: "收回",
    revokeAsk: (code: string) => `收回券 ${code}？`,
    revokeAbout: "客户不能再用它，预算退回活动。收回后不能恢复。",
    cancel: "取消",
    lost: "没有这张券。",
    lostAbout: (code: string) => `“${code}” 可能输错了：券码由数字和大写字母组成，大小写和空格都没关系。`,
    count: (n: number) => `${count(n)} 张`,
  },
  en: {
    title: "Coupons",
    edit: "Edit coupons",
    about: "What each campaign has given, what was used and what is left; type a code to see one coupon's life.",
    find: "Find a code",
    findHint: "A coupon's code",
    campaign: "Campaign",
    offer: "Offer",
    issued: "Issued",
    live: "Usable",
    locked: (n: string) => `${n} held by orders`,
    redeemed: "Used",
    expired: "Expired",
    revoked: "Taken back",
    rate: "Used, %",
    liability: "Liability (¥)",
    liabilityAbout: "The most that usable coupons can still take off",
    discounts: "Taken off (¥)",
    left: "Budget left",
    leftCount: (left: string, budget: string) => `${left} of ${budget}`,
    leftMoney: (left: string, budget: string) => `¥${left} of ¥${budget}`,
    noBudget: "no limit",
    over: "No more offered",
    none: "No campaigns yet",
    noneAbout: "Write a line in journey_specs/_coupons.yaml, and journeys can give its coupons.",
    off: (terms: Terms) =>
      [
        terms.amount_off !== null ? `¥${yuan(terms.amount_off)} off` : `${terms.percent_off ?? 0}% off`,
        terms.ceiling !== null && `, ¥${yuan(terms.ceiling)} at most`,
        terms.threshold > 0 && ` from ¥${yuan(terms.threshold)}`,
      ]
        .filter(Boolean)
        .join(""),
    valid: (text: string) =>
      text.startsWith("until ")
        ? `until ${text.slice(6)}`
        : `for ${spanOf(text, { m: " minutes", h: " hours", d: " days", w: " weeks" }, ", to the end of the day")}`,
    per: ({ count: times, days }: Limit) =>
      days === null ? `${times} per customer` : `${times} per customer in ${days} days`,
    goods: (terms: Terms) =>
      terms.products === "lot"
        ? "the lot's product only"
        : terms.products === "companions"
          ? "what goes with what was bought"
          : [...terms.categories, ...terms.skus].length > 0
            ? `for ${[...terms.categories, ...terms.skus].join(", ")}`
            : "for everything",
    combines: "combines with others",
    back: "All campaigns",
    days: "The last 30 days",
    daysAbout: "By the day of issue: what became of the coupons given that day",
    day: "Day",
    noDays: "None were given in the last 30 days.",
    coupons: "Coupons",
    all: "All",
    code: "Code",
    status: "State",
    customer: "Customer",
    customerNo: (id: number) => `Customer ${id}`,
    issuedAt: "Given at",
    expiresAt: "Expires at",
    order: "Order",
    noCoupons: "No such coupons.",
    more: "More",
    life: "Its life",
    events: record({
      "coupon.issued": "given",
      "coupon.locked": "held by an order",
      "coupon.released": "let go of by the order",
      "coupon.redeemed": "used",
      "coupon.restored": "the order was refunded; usable again",
      "coupon.expired": "expired",
      "coupon.revoked": "taken back",
    }),
    forOrder: (id: string) => `order ${id}`,
    cost: "Takes off",
    costMost: (sum: string) => `¥${sum} at most`,
    costWas: (sum: string) => `¥${sum}`,
    revoke: "Take back",
    revokeAsk: (code: string) => `Take ${code} back?`,
    revokeAbout: "The customer can't use it any more, and the budget goes back. This can't be undone.",
    cancel: "Cancel",
    lost: "There is no such coupon.",
    lostAbout: (code: string) =>
      `“${code}” may be mistyped: codes are digits and capital letters; case and blanks are free.`,
    count: (n: number) => count(n),
  },
});
