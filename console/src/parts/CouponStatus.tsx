import {
  CheckCircleOutlined,
  ClockCircleOutlined,
  LockOutlined,
  ShoppingOutlined,
  StopOutlined,
} from "@ant-design/icons";
import { Tag } from "antd";
import { makeWords, record } from "./words";

const LOOKS: Record<string, { color: string; icon: React.ReactNode }> = {
  issued: { color: "success", icon: <CheckCircleOutlined /> },
  locked: { color: "warning", icon: <LockOutlined /> },
  redeemed: { color: "default", icon: <ShoppingOutlined /> },
  expired: { color: "default", icon: <ClockCircleOutlined /> },
  revoked: { color: "default", icon: <StopOutlined /> },
};

export const useCouponStatuses = makeWords({
  zh: record({ issued: "可用", locked: "锁在订单里", redeemed: "已用", expired: "已过期", revoked: "已收回" }),
  en: record({
    issued: "Usable",
    locked: "Held by an order",
    redeemed: "Used",
    expired: "Expired",
    revoked: "Taken back",
  }),
});

export function CouponStatus({ status }: { status: string }) {
  const statuses = useCouponStatuses();
  return (
    <Tag variant="filled" style={{ margin: 0 }} {...LOOKS[status]}>
      {statuses[status] ?? status}
    </Tag>
  );
}
