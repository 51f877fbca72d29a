import { theme } from "antd";
import type { CSSProperties, ReactNode } from "react";

/** Words that stand back, a little smaller if they stand below others. */
export function Quiet({
  small = false,
  style,
  children,
}: {
  small?: boolean;
  style?: CSSProperties;
  children: ReactNode;
}) {
  const { colorTextSecondary, fontSizeSM } = theme.useToken().token;
  return (
    <span style={{ color: colorTextSecondary, ...(small && { fontSize: fontSizeSM }), ...style }}>{children}</span>
  );
}
