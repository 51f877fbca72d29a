import "@xyflow/react/dist/base.css";
import "@/parts/canvas.css";
import "./editor.css";
import { ExpandOutlined, MinusOutlined, PlusOutlined } from "@ant-design/icons";
import {
  applyNodeChanges,
  MarkerType,
  Panel,
  ReactFlow,
  ReactFlowProvider,
  useReactFlow,
  useStore,
} from "@xyflow/react";
import { Button, Space, theme } from "antd";
import { type CSSProperties, useCallback, useEffect, useMemo, useState } from "react";
import { useIsDark } from "@/parts/preferences";
import { isInside } from "../places";
import type { Outline } from "../useEditing";
import { useWords } from "../words";
import { EditorNode, type EditorNodeType } from "./EditorNode";
import { InsertEdge, type InsertEdgeType } from "./InsertEdge";
import { END, HEIGHT, laidOut, START, WIDTH } from "./layout";

const nodeTypes = { step: EditorNode };
const edgeTypes = { insert: InsertEdge };
/** How near, in pixels of the graph, a step must be dropped to a plus. */
const NEAR = 110;

interface Props {
  outline: Outline;
  chosen: string | undefined;
  verbs: { verb: string; noun: string }[];
  folded: ReadonlySet<string>;
  /** What begins the journey, in words. */
  begins: string;
  onChoose: (at: string | undefined) => void;
  onFold: (at: string) => void;
  onInsert: (at: string, verb: string) => void;
  onMove: (from: string, to: string) => void;
  onPaste: ((at: string) => void) | undefined;
}

export function EditorCanvas(props: Props) {
  return (
    <ReactFlowProvider>
      <Flow {...props} />
    </ReactFlowProvider>
  );
}

function Flow({ outline, chosen, verbs, folded, begins, onChoose, onFold, onInsert, onMove, onPaste }: Props) {
  const words = useWords();
  const dark = useIsDark();
  const { token } = theme.useToken();
  const flow = useReactFlow();
  const width = useStore((state) => state.width);
  const [lit, setLit] = useState<string>();
  const { boxes, lines } = useMemo(() => laidOut(outline, folded), [outline, folded]);
  const laid = useMemo<EditorNodeType[]>(
    () =>
      boxes.map(({ id, step, x, y, folded: hidden }) => {
        const verb = id === START ? "start" : id === END ? "end" : (step?.verb ?? "");
        const noun =
          id === START
            ? words.start
            : id === END
              ? words.end
              : step?.noun === ""
                ? words.unknownStep
                : (verbs.find((each) => each.verb === verb)?.noun ?? step?.noun ?? "");
        const said = id === START ? begins : (step?.words ?? "");
        const mistakes = outline.diagnostics.filter(
          (each) => each.severity === "error" && (id === START ? each.at === null : id !== END && each.at === id),
        ).length;
        return {
          id,
          type: "step",
          position: { x, y },
          width: WIDTH,
          height: HEIGHT,
          draggable: step !== undefined,
          ariaLabel: `${noun} ${said}`,
          data: { step, noun, words: said, verb, chosen: id === chosen, mistakes, folded: hidden, onFold },
        };
      }),
    [boxes, outline, chosen, verbs, onFold, begins, words],
  );
  const [nodes, setNodes] = useState(laid);
  const [seen, setSeen] = useState(laid);
  if (seen !== laid) {
    setSeen(laid);
    // With their sizes, which are known: else the ways between them would be taken away until they are measured again.
    const sizes = new Map(nodes.flatMap(({ id, measured }) => (measured ? [[id, measured]] : [])));
    setNodes(
      laid.map((each) => {
        const measured = sizes.get(each.id);
        return measured ? { ...each, measured } : each;
      }),
    );
  }
  const edges = useMemo<InsertEdgeType[]>(
    () =>
      lines.map(({ id, source, target, label, spots }) => ({
        id,
        source,
        target,
        type: "insert",
        focusable: false,
        data: { label, spots, verbs, lit, onInsert, onPaste },
        markerEnd: { type: MarkerType.ArrowClosed, color: token.colorTextQuaternary },
      })),
    [lines, verbs, lit, onInsert, onPaste, token],
  );
  useEffect(() => {
    if (width > 0) void flow.setViewport({ x: width / 2 - (boxes[0]?.x ?? 0) - WIDTH / 2, y: 24, zoom: 1 });
    // Only when the canvas gets its size.
  }, [width === 0]); // eslint-disable-line react-hooks/exhaustive-deps

  /** The place nearest to where a step is held. */
  const nearest = useCallback(
    (id: string, at: { x: number; y: number }) => {
      const zoom = flow.getZoom();
      const point = flow.flowToScreenPosition({ x: at.x + WIDTH / 2, y: at.y + HEIGHT / 2 });
      let best: { at: string; far: number } | undefined;
      for (const plus of document.querySelectorAll<HTMLElement>(".way .plus")) {
        const to = plus.dataset.at ?? "";
        if (isInside(to, id)) continue;
        const box = plus.getBoundingClientRect();
        const far = Math.hypot(box.x + box.width / 2 - point.x, box.y + box.height / 2 - point.y) / zoom;
        if (far < NEAR && (best === undefined || far < best.far)) best = { at: to, far };
      }
      return best?.at;
    },
    [flow],
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
    <ReactFlow<EditorNodeType, InsertEdgeType>
      className="canvas"
      style={look}
      colorMode={dark ? "dark" : "light"}
      nodes={nodes}
      edges={edges}
      nodeTypes={nodeTypes}
      edgeTypes={edgeTypes}
      minZoom={0.1}
      maxZoom={1.5}
      nodesConnectable={false}
      edgesFocusable={false}
      deleteKeyCode={null}
      disableKeyboardA11y
      onlyRenderVisibleElements={outline.nodes.length > 60}
      panOnScroll
      nodeDragThreshold={4}
      aria-label={words.canvas}
      onNodesChange={(changes) => {
        setNodes((all) => applyNodeChanges(changes, all));
      }}
      onNodeClick={(_, node) => {
        onChoose(node.id === END ? undefined : node.id);
      }}
      onPaneClick={() => {
        onChoose(undefined);
      }}
      onNodeDrag={(_, node) => {
        setLit(nearest(node.id, node.position));
      }}
      onNodeDragStop={(_, node) => {
        const to = nearest(node.id, node.position);
        setLit(undefined);
        setNodes(laid);
        if (to !== undefined) onMove(node.id, to);
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
