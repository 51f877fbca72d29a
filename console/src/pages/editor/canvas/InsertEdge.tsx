import { PlusOutlined } from "@ant-design/icons";
import { BaseEdge, type Edge, EdgeLabelRenderer, type EdgeProps, getSmoothStepPath } from "@xyflow/react";
import { Dropdown, theme } from "antd";
import { useState } from "react";
import { VERB_ICONS } from "@/parts/verbs";
import { useWords } from "../words";
import type { Spot } from "./layout";

export const STEP_TYPE = "application/x-aftershow-step";

export interface EdgeData extends Record<string, unknown> {
  label: string;
  spots: Spot[];
  verbs: { verb: string; noun: string }[];
  lit: string | undefined;
  onInsert: (at: string, verb: string) => void;
  onPaste: ((at: string) => void) | undefined;
}
export type InsertEdgeType = Edge<EdgeData, "insert">;

/** A way between steps, on which another can be put. */
export function InsertEdge({ id, markerEnd, data, ...ends }: EdgeProps<InsertEdgeType>) {
  const [path, x, y] = getSmoothStepPath(ends);
  const { token } = theme.useToken();
  if (!data) return null;
  const several = data.spots.length > 1;
  return (
    <>
      <BaseEdge id={id} path={path} {...(markerEnd !== undefined && { markerEnd })} />
      <EdgeLabelRenderer>
        <div
          className="nodrag nopan way"
          style={{ transform: `translate(-50%, -50%) translate(${x}px, ${y}px)`, color: token.colorTextSecondary }}
        >
          {!several && data.label && (
            <span className="label" style={{ background: token.colorBgLayout }} title={data.label}>
              {data.label.length > 16 ? `${data.label.slice(0, 15)}…` : data.label}
            </span>
          )}
          {data.spots.map((spot) => (
            <Plus key={spot.at} spot={spot} data={data} labelled={several} />
          ))}
        </div>
      </EdgeLabelRenderer>
    </>
  );
}

function Plus({ spot, data, labelled }: { spot: Spot; data: EdgeData; labelled: boolean }) {
  const words = useWords();
  const { token } = theme.useToken();
  const [over, setOver] = useState(false);
  const lit = over || data.lit === spot.at;
  const items = [
    ...(data.onPaste ? [{ key: "paste", label: words.paste }, { type: "divider" as const }] : []),
    ...data.verbs.map(({ verb, noun }) => ({ key: verb, label: noun, icon: VERB_ICONS[verb] })),
  ];
  return (
    <Dropdown
      trigger={["click"]}
      menu={{
        items,
        style: { maxHeight: 360, overflowY: "auto" },
        onClick: ({ key }) => {
          if (key === "paste") data.onPaste?.(spot.at);
          else data.onInsert(spot.at, key);
        },
      }}
    >
      <button
        type="button"
        className="plus"
        data-at={spot.at}
        aria-label={spot.label ? words.insertAt(spot.label) : words.insert}
        style={{
          borderColor: lit ? token.colorPrimary : token.colorBorder,
          background: lit ? token.colorPrimary : token.colorBgElevated,
          color: lit ? token.colorTextLightSolid : token.colorTextSecondary,
        }}
        onDragOver={(event) => {
          if (!event.dataTransfer.types.includes(STEP_TYPE)) return;
          event.preventDefault();
          setOver(true);
        }}
        onDragLeave={() => {
          setOver(false);
        }}
        onDrop={(event) => {
          event.preventDefault();
          setOver(false);
          data.onInsert(spot.at, event.dataTransfer.getData(STEP_TYPE));
        }}
      >
        <PlusOutlined />
        {labelled && spot.label && <span>{spot.label.slice(0, 10)}</span>}
      </button>
    </Dropdown>
  );
}
