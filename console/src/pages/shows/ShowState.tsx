import { CalendarOutlined, CheckCircleOutlined, PlayCircleOutlined, StopOutlined } from "@ant-design/icons";
import { Tag } from "antd";
import type { Schema } from "@/api/client";
import { useWords } from "./words";

type State = Schema["ShowSummary"]["state"];

const LOOKS = {
  planned: { color: "default", icon: <CalendarOutlined /> },
  running: { color: "success", icon: <PlayCircleOutlined /> },
  ended: { color: "default", icon: <CheckCircleOutlined /> },
  cancelled: { color: "default", icon: <StopOutlined /> },
} as const;

export function ShowState({ state }: { state: State }) {
  const words = useWords();
  return (
    <Tag variant="filled" style={{ margin: 0 }} {...LOOKS[state]}>
      {words.states[state]}
    </Tag>
  );
}
