import {
  CheckCircleOutlined,
  ClockCircleOutlined,
  LockOutlined,
  ShoppingOutlined,
  StopOutlined,
} from "@ant-design/icons";
import { Tag } from "antd";
import { useWords } from "./words";

const LOOKS: Record<string, { color: string; icon: React.ReactNode }> = {
  issued: { color: "success", icon: <CheckCircleOutlined /> },
  locked: { color: "warning", icon: <LockOutlined /> },
  redeemed: { color: "default", icon: <ShoppingOutlined /> },
  expired: { color: "default", icon: <ClockCircleOutlined /> },
  revoked: { color: "default", icon: <StopOutlined /> },
};

export function CouponStatus({ status }: { status: string }) {
  const words = useWords();
  return (
    <Tag variant="filled" style={{ margin: 0 }} {...LOOKS[status]}>
      {words.statuses[status] ?? status}
    </Tag>
  );
}
