// Quality against throughput, the dots as large as the memory that is needed; the line joins the submissions that no
// other beats in both. Drawn from the leaderboard's table; both axes can be any of its figures.
import uPlot from "uplot";

import { axis, colours, FONT, frame, short, sizeOf } from "./theme";
import { numberOf, readTable, type Entry, type Field, type TableData } from "./table_data";

export interface Point {
  entry: Entry;
  x: number;
  y: number;
  size: number | undefined;
}

// Those that no other point equals or beats on both axes, from left to right.
export function paretoFront(points: Point[], xLower: boolean, yLower: boolean): Point[] {
  const better = (a: number, b: number, lower: boolean): number => (lower ? b - a : a - b);
  const front = points.filter((p) => !points.some((q) => {
    const dx = better(q.x, p.x, xLower);
    const dy = better(q.y, p.y, yLower);
    return dx >= 0 && dy >= 0 && (dx > 0 || dy > 0);
  }));
  return front.sort((a, b) => a.x - b.x);
}

function choose(label: string, fields: Field[], chosen: Field, onChange: (field: Field) => void): HTMLElement {
  const box = document.createElement("label");
  const select = document.createElement("select");
  for (const field of fields) {
    const option = document.createElement("option");
    option.value = field.key;
    option.textContent = field.title;
    option.selected = field === chosen;
    select.append(option);
  }
  select.addEventListener("change", () => {
    const field = fields.find((candidate) => candidate.key === select.value);
    if (field) onChange(field);
  });
  box.append(`${label} `, select);
  return box;
}

// From 5 to 16 pixels, by area.
function radius(point: Point, most: number): number {
  if (point.size === undefined || most <= 0) return 5;
  return 5 + 11 * Math.sqrt(point.size / most);
}

function padded(values: number[]): [number, number] {
  const low = Math.min(...values);
  const high = Math.max(...values);
  const room = (high - low || Math.abs(high) || 1) * 0.15;
  return [low - room, high + room];
}

function drawDots(u: uPlot, points: Point[], front: Point[]): void {
  const { accent, text, panel, series } = colours();
  const most = Math.max(0, ...points.map((p) => p.size ?? 0));
  const ctx = u.ctx;
  const at = (p: Point): [number, number] => [u.valToPos(p.x, "x", true), u.valToPos(p.y, "y", true)];
  ctx.save();
  ctx.lineWidth = 1.5 * devicePixelRatio;
  ctx.strokeStyle = accent;
  ctx.setLineDash([4 * devicePixelRatio, 3 * devicePixelRatio]);
  ctx.beginPath();
  front.forEach((p, i) => { if (i === 0) ctx.moveTo(...at(p)); else ctx.lineTo(...at(p)); });
  ctx.stroke();
  ctx.setLineDash([]);
  ctx.font = FONT.replace("12", String(12 * devicePixelRatio));
  for (const p of points) {
    const [x, y] = at(p);
    const r = radius(p, most) * devicePixelRatio;
    ctx.beginPath();
    ctx.arc(x, y, r, 0, 2 * Math.PI);
    // The line ends where a dot begins.
    ctx.fillStyle = panel;
    ctx.fill();
    ctx.fillStyle = ctx.strokeStyle = front.includes(p) ? accent : series[5] ?? text;
    ctx.globalAlpha = 0.25;
    ctx.fill();
    ctx.globalAlpha = 1;
    ctx.stroke();
    ctx.fillStyle = text;
    // Above the dot, to its left at the right edge.
    const aside = 0.7 * r + 3 * devicePixelRatio;
    const left = x + aside + ctx.measureText(p.entry.name).width > u.bbox.left + u.bbox.width;
    ctx.textAlign = left ? "right" : "left";
    ctx.fillText(p.entry.name, left ? x - aside : x + aside, y - aside);
  }
  ctx.restore();
}

function pointsOf(data: TableData, x: Field, y: Field, size: Field | undefined): Point[] {
  const points: Point[] = [];
  for (const entry of data.entries) {
    const at = numberOf(entry, x);
    const quality = numberOf(entry, y);
    if (at !== undefined && quality !== undefined) {
      points.push({ entry, x: at, y: quality, size: numberOf(entry, size) });
    }
  }
  return points.sort((a, b) => a.x - b.x);
}

export function drawPareto(figure: HTMLElement): void {
  const data = readTable(figure.dataset.table ?? "");
  const fields = data?.fields.filter((field) => field.numeric && field.key !== "rank") ?? [];
  const find = (key: string | undefined): Field | undefined => fields.find((field) => field.key === key);
  // A track whose rows were not timed on a device still has parameters.
  const x = find(figure.dataset.x) ?? find("parameters");
  const y = find(figure.dataset.y) ?? fields[0];
  if (!data || !x || !y) return;
  const size = find(figure.dataset.size);
  const points = pointsOf(data, x, y, size);
  const front = paretoFront(points, x.lower, y.lower);
  const title = `${y.title} against ${x.title}${size ? `, dots by ${size.title.toLowerCase()}` : ""}`;
  const place = frame(figure, title,
    `${title}. Not beaten in both: ${front.map((p) => p.entry.name).join(", ") || "none"}.`);
  const again = (set: "x" | "y") => (field: Field): void => {
    figure.dataset[set] = field.key;
    drawPareto(figure);
    figure.querySelectorAll("select")[set === "x" ? 1 : 0]?.focus();
  };
  const controls = document.createElement("div");
  controls.className = "controls";
  controls.append(choose("Quality", fields, y, again("y")), choose("against", fields, x, again("x")));
  figure.insertBefore(controls, place);
  if (points.length === 0) {
    place.textContent = "No submission has both figures.";
    return;
  }
  const best = (field: Field): string => `${field.title} (${field.lower ? "lower" : "higher"} is better)`;
  new uPlot({
    ...sizeOf(place, 320),
    legend: { show: false },
    cursor: { show: false },
    scales: { x: { time: false, range: () => padded(points.map((p) => p.x)) },
              y: { range: () => padded(points.map((p) => p.y)), dir: 1 } },
    axes: [axis(best(x), { size: 28, values: (_, ticks) => ticks.map(short) }),
           axis(best(y), { size: 60, values: (_, ticks) => ticks.map(short) })],
    series: [{}, { paths: () => null, points: { show: false } }],
    hooks: { draw: [(u) => drawDots(u, points, front)] },
  }, [points.map((p) => p.x), points.map((p) => p.y)], place);
}
