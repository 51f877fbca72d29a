import { App } from "antd";
import type { ReactNode } from "react";

/** Around a page whose parts say something in passing or ask before they act; what others load is spared it. */
export const Notices = ({ children }: { children: ReactNode }) => <App component={false}>{children}</App>;
