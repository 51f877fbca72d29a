/** A chart as a picture to take away: white, with what it is in words, whatever theme the page has. */

const WIDTH = 1200;
const HEIGHT = 630;
const MARGIN = 56;
const FONT = '"PingFang SC", "Noto Sans SC Variable", "Noto Sans CJK SC", "Microsoft YaHei", sans-serif';

export interface Mark {
  label: string;
  value: number | null;
  /** The ends of its interval, if it has one. */
  low?: number;
  high?: number;
}

export interface Drawing {
  title: string;
  /** A sentence below it. */
  about: string;
  marks: Mark[];
  worded: (value: number) => string;
  /** Bars from zero, or points with their intervals. */
  form: "bars" | "intervals";
}

/** The span of a drawing's values, zero included. */
export function spanOf(marks: Mark[]): [number, number] {
  const values = marks.flatMap((each) => [each.value, each.low ?? null, each.high ?? null]);
  const known = values.filter((each): each is number => each !== null);
  const [least, most] = [Math.min(0, ...known), Math.max(0, ...known)];
  return least === most ? [0, 1] : [least, most];
}

/** The drawing as the address of a PNG; empty where there is nothing to draw on. */
function pictureOf({ title, about, marks, worded, form }: Drawing): string {
  const canvas = document.createElement("canvas");
  canvas.width = WIDTH;
  canvas.height = HEIGHT;
  const pen = canvas.getContext("2d");
  if (!pen) return "";
  pen.fillStyle = "#fff";
  pen.fillRect(0, 0, WIDTH, HEIGHT);
  const write = (
    text: string,
    x: number,
    y: number,
    size: number,
    align: CanvasTextAlign = "left",
    ink = "#1f1f1f",
  ) => {
    pen.font = `${size >= 28 ? 600 : 400} ${size}px ${FONT}`;
    pen.textAlign = align;
    pen.fillStyle = ink;
    pen.fillText(text, x, y, WIDTH - 2 * MARGIN);
  };
  write(title, MARGIN, 72, 32);
  write(about, MARGIN, 108, 20, "left", "#595959");
  const [top, bottom, left] = [150, HEIGHT - 72, MARGIN + 90];
  const [least, most] = spanOf(marks);
  const y = (value: number) => bottom - ((value - least) / (most - least)) * (bottom - top);
  const step = (WIDTH - MARGIN - left) / Math.max(marks.length, 1);
  for (const value of [least, (least + most) / 2, most]) {
    write(worded(value), left - 14, y(value) + 6, 17, "right", "#595959");
    pen.fillStyle = "#e5e5e5";
    pen.fillRect(left, y(value), WIDTH - MARGIN - left, 1);
  }
  pen.fillStyle = "#1f1f1f";
  pen.fillRect(left, y(0), WIDTH - MARGIN - left, 2);
  const every = Math.ceil(marks.length / 8);
  marks.forEach((mark, place) => {
    const x = left + step * (place + 0.5);
    if ((marks.length - 1 - place) % every === 0) write(mark.label, x, bottom + 34, 17, "center", "#595959");
    if (mark.value === null) return;
    pen.fillStyle = "#2f7d4f";
    if (form === "bars") {
      pen.fillRect(x - step * 0.36, Math.min(y(mark.value), y(0)), step * 0.72, Math.abs(y(mark.value) - y(0)));
      return;
    }
    if (mark.low !== undefined && mark.high !== undefined) {
      pen.fillRect(x - 1.5, y(mark.high), 3, y(mark.low) - y(mark.high));
      for (const end of [mark.low, mark.high]) pen.fillRect(x - 9, y(end) - 1.5, 18, 3);
    }
    pen.beginPath();
    pen.arc(x, y(mark.value), 7, 0, 2 * Math.PI);
    pen.fill();
  });
  return canvas.toDataURL("image/png");
}

/** Lets the browser save the drawing. It is drawn now, when the page's letters are there. */
export function save(drawing: Drawing, name: string): void {
  const link = document.createElement("a");
  link.href = pictureOf(drawing);
  link.download = name;
  link.click();
}

/** A table for spreadsheets, which tell UTF-8 by its mark, as an address. */
export function tableOf(rows: (string | number)[][]): string {
  const cell = (value: string | number) => {
    const text = String(value);
    return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  const text = `\uFEFF${rows.map((row) => row.map(cell).join(",")).join("\r\n")}\r\n`;
  return `data:text/csv;charset=utf-8,${encodeURIComponent(text)}`;
}
