import { instant } from "@/parts/time";
import { makeWords, record } from "@/parts/words";

/** What the audit calls things by code, in words. */
export const useAudited = makeWords({
  zh: {
    comma: "，",
    colon: "：",
    actors: record({ user: "成员", key: "密钥", cli: "命令行", worker: "系统" }),
    targets: record({
      journey: "旅程",
      journeys: "所有旅程",
      user: "成员",
      key: "密钥",
      customer: "客户",
      message: "消息",
      coupon: "券",
      replenishment: "补货",
      stream: "直播",
      sheet: "表格",
      segment: "人群",
      text: "内容",
      todo: "导购任务",
      task: "部门任务",
      requirement: "产品需求",
      opinion: "评论判读",
      counts: "计数",
    }),
    fields: record({
      state: "状态",
      status: "状态",
      version: "版本",
      running: "旧版本里的客户",
      late: "压着的消息",
      customer: "客户",
      stopped: "停止",
      split: "分组",
      winner: "胜出",
      retried: "重试",
      notices: "通知",
      revision: "修订",
      sha256: "内容指纹",
      when: "条件",
      name: "名称",
      roles: "角色",
      scopes: "权限",
      active: "可登录",
      staff: "员工编号",
      by: "方式",
      outcome: "结果",
      quantity: "数量",
      starts_at: "开播时间",
      taken: "收下",
      known: "已有",
      wrong: "有误",
      merged: "并入的客户",
      join: "合并记录",
      split_off: "拆出的客户",
      reason: "原因",
      decision: "裁定",
      other: "另一位客户",
      department: "部门",
      verdict: "意见",
      counts: "计数",
      kind: "类别",
      aspect: "方面",
      sentiment: "态度",
      topic: "主题",
      sku: "商品",
    }),
    values: record({
      live: "运行中",
      paused: "已暂停",
      stopped: "已停止",
      finish: "走完原来的版本",
      stop: "立刻结束",
      move: "转到新版本",
      send: "补发",
      drop: "丢弃",
      done: "完成",
      wrong: "不该有这个任务",
      merge: "是同一人",
      apart: "不是同一人",
      password: "密码",
      link: "链接",
      oidc: "单点登录",
      wecom: "企业微信",
      sent: "已发送",
      failed: "失败",
      issued: "可用",
      locked: "锁在订单里",
      redeemed: "已用",
      expired: "已过期",
      revoked: "已收回",
      proposed: "待审批",
      escalated: "已升级，待审批",
      approved: "已批准",
      refused: "已拒绝",
      ordered: "已下单",
      marketer: "营销",
      guide: "导购",
      buyer: "采购",
      operator: "运维",
      analyst: "分析",
      product: "产品",
      admin: "管理员",
      true: "是",
      false: "否",
    }),
  },
  en: {
    comma: ", ",
    colon: ": ",
    actors: record({ user: "user", key: "key", cli: "command line", worker: "by itself" }),
    targets: record({
      journey: "journey",
      journeys: "all journeys",
      user: "user",
      key: "key",
      customer: "customer",
      message: "message",
      coupon: "coupon",
      replenishment: "replenishment",
      stream: "show",
      sheet: "sheet",
      segment: "segment",
      text: "text",
      todo: "todo",
      task: "task",
      requirement: "requirement",
      opinion: "opinion",
      counts: "counts",
    }),
    fields: record({
      running: "those in older versions",
      late: "held messages",
      sha256: "fingerprint",
      starts_at: "begins",
      split_off: "split off",
      staff: "staff id",
    }),
    values: record({ true: "yes", false: "no" }),
  },
});

type Words = Pick<ReturnType<typeof useAudited>, "comma" | "colon" | "fields" | "values">;

/** Values before or after a change: 状态：运行中，版本：3. */
export function told(values: Record<string, unknown> | null, words: Words): string {
  return Object.entries(values ?? {})
    .map(([name, value]) => `${words.fields[name] ?? name}${words.colon}${valueWords(name, value, words)}`)
    .join(words.comma);
}

const FREE = new Set(["name", "reason", "staff", "topic", "sku", "winner", "split"]);
const MOMENT = /^\d{4}-\d{2}-\d{2}T/;

function valueWords(name: string, value: unknown, words: Words): string {
  if (Array.isArray(value)) return value.map((each) => valueWords(name, each, words)).join(" ");
  if (value === null || value === undefined) return "—";
  if (typeof value !== "string" && typeof value !== "number" && typeof value !== "boolean")
    return JSON.stringify(value);
  const text = String(value);
  if (FREE.has(name)) return text;
  if (name === "sha256") return text.replace(/"/g, "").slice(0, 8);
  return MOMENT.test(text) ? instant(text) : (words.values[text] ?? text);
}

/** A reference by code, `journey:cart`, as its kind and its name. */
export function parted(reference: string): [kind: string, name: string] {
  const at = reference.indexOf(":");
  return at < 0 ? [reference, ""] : [reference.slice(0, at), reference.slice(at + 1)];
}
