import { Drawer } from "antd";
import type { ReactNode } from "react";

interface Props {
  width: number;
  onClose: () => void;
  children: ReactNode;
}

/** The menu on a phone. */
export default function SideDrawer({ width, onClose, children }: Props) {
  return (
    <Drawer open placement="left" size={width} closable={false} styles={{ body: { padding: 0 } }} onClose={onClose}>
      {children}
    </Drawer>
  );
}
