// The figure that a track ranks by, over time, a line a name. Drawn from the history's table.
import uPlot from "uplot";

import { axis, colours, frame, reading, short, sizeOf } from "./theme";
import { numberOf, readTable } from "./table_data";

const DAY_SECONDS = 86400;

// "11-23" at midnight, the time of the day between; in UTC, as in the table.
function timeLabel(seconds: number): string {
  const iso = new Date(seconds * 1000).toISOString();
  return seconds % DAY_SECONDS === 0 ? iso.slice(5, 10) : iso.slice(11, 16);
}

function timeReading(seconds: number | null | undefined): string {
  return seconds === null || seconds === undefined ? "–" : new Date(seconds * 1000).toISOString().slice(0, 16).replace("T", " ");
}

export function drawHistory(figure: HTMLElement): void {
  const data = readTable(figure.dataset.table ?? "");
  const when = data?.fields.find((field) => field.key === "created_unix_ms");
  const value = data?.fields.find((field) => field.key === "value");
  if (!data || !when || !value) return;
  const lines = new Map<string, Map<number, number>>();
  for (const entry of data.entries) {
    const at = numberOf(entry, when);
    const figureOf = numberOf(entry, value);
    if (at === undefined || figureOf === undefined) continue;
    if (!lines.has(entry.name)) lines.set(entry.name, new Map());
    lines.get(entry.name)?.set(at / 1000, figureOf);
  }
  const times = [...new Set([...lines.values()].flatMap((line) => [...line.keys()]))].sort((a, b) => a - b);
  if (times.length < 2) return;
  const names = [...lines.keys()].sort();
  const columns = names.map((name) => times.map((time) => lines.get(name)?.get(time) ?? null));
  const title = `${figure.dataset.metric ?? ""} over time`;
  const place = frame(figure, title, `${title}, of ${names.join(", ")}. The table has the figures.`);
  const { series } = colours();
  new uPlot({
    ...sizeOf(place, 300),
    tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), "Etc/UTC"),
    scales: { x: { time: true } },
    axes: [axis(undefined, { size: 28, space: 70, values: (_, ticks) => ticks.map(timeLabel) }),
           axis(value.title, { size: 60, values: (_, ticks) => ticks.map(short) })],
    series: [{ label: "UTC", value: (_, seconds) => timeReading(seconds) }, ...names.map((name, i): uPlot.Series => ({
      label: name, stroke: series[i % series.length] ?? "gray", width: 2, spanGaps: true,
      points: { show: true, size: 6 }, value: (_, v) => reading(v),
    }))],
  }, [times, ...columns], place);
}
