import { isInside } from "../places";
import type { Outline, Step } from "../useEditing";

export const START = "^";
export const END = "$";
export const WIDTH = 220;
export const HEIGHT = 72;
const COLUMN = WIDTH + 36;
const ROW = HEIGHT + 60;

export interface Spot {
  label: string;
  at: string;
}

export interface Box {
  id: string;
  step: Step | undefined;
  x: number;
  y: number;
  folded: number;
}

export interface Line {
  id: string;
  source: string;
  target: string;
  label: string;
  spots: Spot[];
}

/**
 * What is to be drawn of an outline when some steps are folded, with all that stands in their branches: rows that have
 * nothing left in them are closed up.
 */
export function laidOut(outline: Outline, folded: ReadonlySet<string>): { boxes: Box[]; lines: Line[] } {
  const folders = [...folded];
  const hiddenIn = (at: string) => folders.find((each) => at !== each && isInside(at, each));
  const shown = outline.nodes.filter((node) => !hiddenIn(node.at));
  const rows = [...new Set(shown.map((node) => node.row))].sort((one, other) => one - other);
  const middle = outline.nodes.length === 0 ? 0.5 : (outline.width || 1) / 2;
  const y = (row: number) => (rows.indexOf(row) + 1) * ROW;
  const boxes: Box[] = [
    { id: START, step: undefined, x: middle * COLUMN, y: 0, folded: 0 },
    ...shown.map((step) => ({
      id: step.at,
      step,
      x: step.column * COLUMN,
      y: y(step.row),
      folded: folded.has(step.at) ? outline.nodes.filter((each) => hiddenIn(each.at) === step.at).length : 0,
    })),
    { id: END, step: undefined, x: middle * COLUMN, y: (rows.length + 1) * ROW, folded: 0 },
  ].map((box) => ({ ...box, x: box.x - WIDTH / 2 }));
  const lines = new Map<string, Line>();
  for (const { source, target, label, inserts } of outline.edges) {
    const [from, to] = [hiddenIn(source) ?? source, hiddenIn(target) ?? target];
    if (from === to) continue;
    const id = `${from} ${to}`;
    const hidden = from !== source || to !== target || folded.has(from);
    if (!lines.has(id))
      lines.set(id, { id, source: from, target: to, label: hidden ? "" : label, spots: hidden ? [] : inserts });
  }
  return { boxes, lines: [...lines.values()] };
}
