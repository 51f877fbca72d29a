import { DownOutlined, ExclamationCircleFilled, RightOutlined } from "@ant-design/icons";
import { Handle, type Node, type NodeProps, Position } from "@xyflow/react";
import { theme } from "antd";
import { Quiet } from "@/parts/Quiet";
import { VERB_ICONS } from "@/parts/verbs";
import type { Step } from "../useEditing";
import { useWords } from "../words";
import { HEIGHT, WIDTH } from "./layout";

export interface NodeData extends Record<string, unknown> {
  step: Step | undefined;
  noun: string;
  words: string;
  verb: string;
  chosen: boolean;
  mistakes: number;
  folded: number;
  onFold: (at: string) => void;
}
export type EditorNodeType = Node<NodeData, "step">;

export function EditorNode({ id, data }: NodeProps<EditorNodeType>) {
  const words = useWords();
  const { token } = theme.useToken();
  const { step, chosen, mistakes, folded, noun, verb } = data;
  const branches = step?.branches.some((each) => each.steps.length > 0) ?? false;
  const border = mistakes > 0 ? token.colorError : chosen ? token.colorPrimary : token.colorBorder;
  return (
    <div
      style={{
        width: WIDTH,
        height: HEIGHT,
        padding: "6px 10px",
        boxSizing: "border-box",
        background: token.colorBgElevated,
        border: `1px solid ${border}`,
        boxShadow: chosen ? `0 0 0 2px ${token.colorPrimaryBg}` : "none",
        borderRadius: token.borderRadius,
        textAlign: "start",
        overflow: "hidden",
        display: "flex",
        flexDirection: "column",
      }}
    >
      {verb !== "start" && <Handle type="target" position={Position.Top} isConnectable={false} />}
      <div style={{ display: "flex", justifyContent: "space-between", lineHeight: "20px" }}>
        <span style={{ color: token.colorPrimary }}>
          {VERB_ICONS[verb]} <Quiet small>{noun}</Quiet>
        </span>
        <span>
          {mistakes > 0 && (
            <span style={{ color: token.colorError, fontSize: token.fontSizeSM }}>
              <ExclamationCircleFilled /> {words.mistakes(mistakes)}
            </span>
          )}
          {branches && (
            <button
              type="button"
              className="nodrag fold"
              style={{ color: token.colorTextSecondary }}
              aria-label={folded > 0 ? words.unfold : words.fold}
              onClick={(event) => {
                event.stopPropagation();
                data.onFold(id);
              }}
            >
              {folded > 0 ? <RightOutlined /> : <DownOutlined />} {folded > 0 && words.hidden(folded)}
            </button>
          )}
        </span>
      </div>
      <div className="words" title={data.words}>
        {data.words}
      </div>
      {verb !== "end" && <Handle type="source" position={Position.Bottom} isConnectable={false} />}
    </div>
  );
}
