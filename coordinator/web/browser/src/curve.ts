// What a job measures over its steps: asked of the API, and again while the job runs.
import uPlot from "uplot";

import { axis, colours, frame, reading, short, sizeOf } from "./theme";

const plots = new WeakMap<HTMLElement, uPlot>();

type Sample = Record<string, number | null>;

async function fetchData(figure: HTMLElement): Promise<uPlot.AlignedData | undefined> {
  const metric = figure.dataset.metric ?? "";
  const reply = await fetch(figure.dataset.source ?? "");
  if (!reply.ok) return undefined;
  const samples = (await reply.json()) as Sample[];
  const known = samples.filter((sample) => typeof sample[metric] === "number");
  if (known.length === 0) return undefined;
  return [known.map((sample) => Number(sample.step)), known.map((sample) => Number(sample[metric]))];
}

function describe(figure: HTMLElement, data: uPlot.AlignedData): string {
  const steps = data[0];
  const values = data[1] ?? [];
  return `${figure.dataset.metric} of ${figure.dataset.title}: ${short(Number(values[values.length - 1]))} at step ` +
    `${steps[steps.length - 1]}, after ${short(Number(values[0]))} at step ${steps[0]}`;
}

async function drawNew(figure: HTMLElement): Promise<void> {
  const data = await fetchData(figure);
  if (!data) return;
  plots.get(figure)?.destroy();
  const { title, metric } = figure.dataset;
  const place = frame(figure, `${title} · ${metric}`, describe(figure, data));
  const { accent } = colours();
  plots.set(figure, new uPlot({
    ...sizeOf(place, 200),
    scales: { x: { time: false } },
    axes: [axis(undefined, { size: 28, values: (_, ticks) => ticks.map(short) }),
           axis(undefined, { size: 56, values: (_, ticks) => ticks.map(short) })],
    series: [{ label: "step", value: (_, step) => reading(step) },
             { label: metric ?? "", stroke: accent, width: 1.5, points: { show: false }, value: (_, v) => reading(v) }],
  }, data, place));
}

export function drawCurve(figure: HTMLElement): void {
  void drawNew(figure);
}

export async function refreshCurve(figure: HTMLElement): Promise<void> {
  const plot = plots.get(figure);
  if (!plot) return drawNew(figure);
  const data = await fetchData(figure);
  if (!data) return;
  plot.setData(data);
  figure.querySelector(".canvas")?.setAttribute("aria-label", describe(figure, data));
}
