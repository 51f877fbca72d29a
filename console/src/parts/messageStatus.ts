import { makeWords, record } from "./words";

/** How a message in the ledger stands. */
export const useMessageStatuses = makeWords({
  zh: record({
    unknown: "结果不明",
    pending_staff: "等导购确认",
    claimed: "待发送",
    calling: "发送中",
    failed: "失败",
    sent: "已发送",
    delivered: "已送达",
    read: "已读",
  }),
  en: record({
    unknown: "Unknown",
    pending_staff: "Waits for a guide",
    claimed: "To be sent",
    calling: "Being sent",
    failed: "Failed",
    sent: "Sent",
    delivered: "Delivered",
    read: "Read",
  }),
});
