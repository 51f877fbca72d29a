import { Grid } from "antd";
import type { ReactNode } from "react";

/** What a table has a column of its own for where there is room, below another value where there is none. */
export function OnPhone({ children }: { children: ReactNode }) {
  const wide = Grid.useBreakpoint().md ?? true;
  return wide ? null : <div>{children}</div>;
}
