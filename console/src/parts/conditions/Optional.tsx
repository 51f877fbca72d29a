import { DeleteOutlined, PlusOutlined } from "@ant-design/icons";
import { Button, Flex } from "antd";
import type { ReactNode } from "react";
import { useWords } from "./words";

/** What may be said beside the rest, once somebody wants to. */
export function Optional({
  label,
  on,
  onToggle,
  children,
}: {
  label: string;
  on: boolean;
  onToggle: (on: boolean) => void;
  children: ReactNode;
}) {
  // prettier-ignore
  const words = useWords();
  if (!on)
    return (
      <Button size="small" type="text" icon={<PlusOutlined />} style={{ alignSelf: "start" }} onClick={() => { onToggle(true); }}>
        {label}
      </Button>
    ); // prettier-ignore
  return (
    <Flex vertical gap={6}>
      <Flex justify="space-between" align="center">
        <span>{label}</span>
        <Button size="small" type="text" icon={<DeleteOutlined />} aria-label={words.remove(label)} onClick={() => { onToggle(false); }} />
      </Flex>
      {children}
    </Flex>
  ); // prettier-ignore
}
