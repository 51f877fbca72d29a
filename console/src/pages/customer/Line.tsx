import { theme } from "antd";
import type { ReactNode } from "react";

/** A row of a list whose rows say several things. */
export function Line({ children }: { children: ReactNode }) {
  const { token } = theme.useToken();
  return (
    <div
      style={{ padding: "8px 0", borderBlockEnd: `1px solid ${token.colorBorderSecondary}`, overflowWrap: "anywhere" }}
    >
      {children}
    </div>
  );
}
