import "@xyflow/react/dist/base.css";
import "@/parts/canvas.css";
import { MinusOutlined, PlusOutlined, ExpandOutlined } from "@ant-design/icons";
import { type Edge, MarkerType, Panel, ReactFlow, ReactFlowProvider, useReactFlow, useStore } from "@xyflow/react";
import { Button, Space, theme } from "antd";
import { type CSSProperties, useEffect, useMemo } from "react";
import { count } from "@/parts/time";
import { useIsDark } from "@/parts/preferences";
import { type Counts, figuresOf, type Graph, taken } from "./figures";
import { HEIGHT, StepNode, type StepNodeType, WIDTH } from "./StepNode";
import { useWords } from "./words";

const types = { step: StepNode };
const COLUMN = WIDTH + 32;
const ROW = HEIGHT + 44;

interface Props {
  graph: Graph;
  counts: Counts | undefined;
  chosen: string | undefined;
  onChoose: (path: string | undefined) => void;
}

export function Canvas(props: Props) {
  return (
    <ReactFlowProvider>
      <Flow {...props} />
    </ReactFlowProvider>
  );
}

function Flow({ graph, counts, chosen, onChoose }: Props) {
  const words = useWords();
  const dark = useIsDark();
  const { token } = theme.useToken();
  const flow = useReactFlow();
  const width = useStore((state) => state.width);
  const middle = (graph.nodes[0]?.column ?? 0) * COLUMN;
  const key = `${graph.journey} ${graph.version}`;
  useEffect(() => {
    if (width === 0) return;
    const widest = Math.max(...graph.nodes.map((node) => node.column)) * COLUMN + WIDTH / 2;
    const zoom = Math.max(0.6, Math.min(1, width / (widest + 80)));
    void flow.setViewport({ x: width / 2 - middle * zoom, y: 20, zoom });
    // Only when another graph is shown, or the canvas gets its size.
  }, [key, width === 0]); // eslint-disable-line react-hooks/exhaustive-deps

  const nodes = useMemo<StepNodeType[]>(
    () =>
      graph.nodes.map((step) => ({
        id: step.path,
        type: "step",
        position: { x: step.column * COLUMN - WIDTH / 2, y: step.row * ROW },
        width: WIDTH,
        height: HEIGHT,
        ariaLabel: `${step.noun} ${step.words}`,
        data: { step, figures: figuresOf(counts, step.path), chosen: step.path === chosen },
      })),
    [graph, counts, chosen],
  );
  const edges = useMemo<Edge[]>(
    () =>
      graph.edges.map(({ source, target, label }) => {
        const n = taken(counts, source, target);
        const short = label.length > 22 ? `${label.slice(0, 21)}…` : label;
        return {
          id: `${source} ${target}`,
          source,
          target,
          type: "smoothstep",
          focusable: false,
          label: [short, n > 0 ? count(n) : ""].filter(Boolean).join("  "),
          markerEnd: { type: MarkerType.ArrowClosed, color: token.colorTextQuaternary },
          labelBgPadding: [6, 2],
        };
      }),
    [graph, counts, token],
  );
  const look = {
    "--line": token.colorTextQuaternary,
    "--ground": token.colorBgLayout,
    "--words": token.colorTextSecondary,
    "--accent": token.colorPrimary,
    background: token.colorBgLayout,
    borderRadius: token.borderRadius,
  } as CSSProperties;
  return (
    <ReactFlow<StepNodeType>
      className="canvas"
      style={look}
      colorMode={dark ? "dark" : "light"}
      nodes={nodes}
      edges={edges}
      nodeTypes={types}
      minZoom={0.1}
      maxZoom={1.5}
      nodesDraggable={false}
      nodesConnectable={false}
      edgesFocusable={false}
      elementsSelectable
      onlyRenderVisibleElements
      panOnScroll
      aria-label={words.canvas}
      onNodeClick={(_, node) => {
        onChoose(node.id);
      }}
      onSelectionChange={({ nodes: [node] }) => {
        if (node && node.id !== chosen) onChoose(node.id);
      }}
      onPaneClick={() => {
        onChoose(undefined);
      }}
    >
      <Panel position="bottom-left">
        <Space.Compact>
          <Button icon={<PlusOutlined />} aria-label={words.zoomIn} onClick={() => void flow.zoomIn()} />
          <Button icon={<MinusOutlined />} aria-label={words.zoomOut} onClick={() => void flow.zoomOut()} />
          <Button
            icon={<ExpandOutlined />}
            aria-label={words.fit}
            onClick={() => void flow.fitView({ padding: 0.1 })}
          />
        </Space.Compact>
      </Panel>
    </ReactFlow>
  );
}
