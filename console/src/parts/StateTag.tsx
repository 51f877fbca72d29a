import { CheckCircleOutlined, PauseCircleOutlined, StopOutlined } from "@ant-design/icons";
import { Tag } from "antd";
import type { Schema } from "@/api/client";
import { makeWords } from "./words";

type State = Schema["JourneyState"]["state"];

const useWords = makeWords<Record<State, string>>({
  zh: { live: "运行中", paused: "已暂停", stopped: "已停止" },
  en: { live: "Live", paused: "Paused", stopped: "Stopped" },
});

const LOOKS = {
  live: { color: "success", icon: <CheckCircleOutlined /> },
  paused: { color: "warning", icon: <PauseCircleOutlined /> },
  stopped: { color: "default", icon: <StopOutlined /> },
} as const;

/** How a journey stands, by word and sign as well as by colour. */
export function StateTag({ state }: { state: State }) {
  const words = useWords();
  return (
    <Tag variant="filled" {...LOOKS[state]} style={{ margin: 0 }}>
      {words[state]}
    </Tag>
  );
}
