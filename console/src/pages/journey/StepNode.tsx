import { Handle, type Node, type NodeProps, Position } from "@xyflow/react";
import { theme } from "antd";
import { Quiet } from "@/parts/Quiet";
import { count } from "@/parts/time";
import { VERB_ICONS } from "@/parts/verbs";
import type { Schema } from "@/api/client";
import type { Figures } from "./figures";
import { useWords } from "./words";

export const WIDTH = 240;
export const HEIGHT = 104;

const BAD = new Set(["failed", "unknown", "stuck"]);

export type StepNodeType = Node<{ step: Schema["GraphNode"]; figures: Figures; chosen: boolean }, "step">;

/** A step: what it does, what came of it, and how many are there now. */
export function StepNode({ data: { step, figures, chosen } }: NodeProps<StepNodeType>) {
  const words = useWords();
  const { token } = theme.useToken();
  const end = step.verb === "end";
  return (
    <div
      style={{
        width: WIDTH,
        height: HEIGHT,
        padding: "8px 12px",
        boxSizing: "border-box",
        display: "flex",
        flexDirection: "column",
        gap: 2,
        background: token.colorBgElevated,
        border: `1px solid ${chosen ? token.colorPrimary : token.colorBorder}`,
        boxShadow: chosen ? `0 0 0 2px ${token.colorPrimaryBg}` : "none",
        borderRadius: token.borderRadius,
        cursor: "pointer",
        textAlign: "start",
      }}
    >
      {step.verb !== "start" && <Handle type="target" position={Position.Top} isConnectable={false} />}
      <div style={{ display: "flex", justifyContent: "space-between", alignItems: "center", lineHeight: "20px" }}>
        <span style={{ color: token.colorPrimary }}>
          {VERB_ICONS[step.verb]} <Quiet small>{step.noun}</Quiet>
        </span>
        {figures.standing > 0 && (
          <span
            style={{
              background: token.colorPrimaryBg,
              color: token.colorSuccess,
              borderRadius: 10,
              padding: "0 8px",
              fontSize: token.fontSizeSM,
            }}
          >
            {words.here_} {count(figures.standing)}
          </span>
        )}
      </div>
      {!end && (
        <div className={figures.kinds.length > 0 ? "words" : "words alone"} title={step.words}>
          {step.words}
        </div>
      )}
      <div
        style={{
          display: "flex",
          gap: 10,
          flexWrap: end ? "wrap" : "nowrap",
          overflow: "hidden",
          whiteSpace: "nowrap",
          fontSize: token.fontSizeSM,
          lineHeight: "18px",
        }}
      >
        {figures.kinds.map(({ what, n }) => (
          <span key={what} style={{ color: BAD.has(what) ? token.colorError : token.colorTextSecondary }}>
            {(end ? words.endings[what] : words.what[what]) ?? what}{" "}
            <strong style={{ color: BAD.has(what) ? token.colorError : token.colorText }}>{count(n)}</strong>
          </span>
        ))}
      </div>
      {!end && <Handle type="source" position={Position.Bottom} isConnectable={false} />}
    </div>
  );
}
