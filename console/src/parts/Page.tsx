import { Flex } from "antd";
import { type ReactNode, useEffect } from "react";
import { Quiet } from "@/parts/Quiet";

interface Props {
  title: string;
  /** A sentence about what is seen here. */
  about?: string;
  actions?: ReactNode;
  children: ReactNode;
}

export function Page({ title, about, actions, children }: Props) {
  useEffect(() => {
    document.title = `${title} · Aftershow`;
  }, [title]);
  return (
    <Flex vertical gap={16}>
      <Flex justify="space-between" align="end" gap={12} wrap>
        <div>
          <h1 style={{ fontWeight: 600, fontSize: 20, lineHeight: "28px", margin: 0 }}>{title}</h1>
          {about && <Quiet>{about}</Quiet>}
        </div>
        {actions && (
          <Flex gap={8} wrap>
            {actions}
          </Flex>
        )}
      </Flex>
      {children}
    </Flex>
  );
}
