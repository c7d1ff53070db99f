// The style sheet's colours for what is drawn on a canvas, and the frame that all plots share.
import uPlot from "uplot";

export interface Colours {
  text: string;
  quiet: string;
  line: string;
  accent: string;
  panel: string;
  series: string[];
}

export function colours(): Colours {
  const style = getComputedStyle(document.documentElement);
  const of = (name: string): string => style.getPropertyValue(name).trim();
  return {
    text: of("--text"),
    quiet: of("--quiet"),
    line: of("--line"),
    accent: of("--accent"),
    panel: of("--panel"),
    series: [1, 2, 3, 4, 5, 6].map((n) => of(`--series-${n}`)),
  };
}

export const FONT = "12px system-ui, sans-serif";

export function axis(label: string | undefined, more: Partial<uPlot.Axis> = {}): uPlot.Axis {
  const { quiet, line } = colours();
  return {
    ...(label === undefined ? {} : { label, labelFont: FONT, labelSize: 20 }),
    stroke: quiet,
    font: FONT,
    grid: { stroke: line, width: 1 },
    ticks: { stroke: line, width: 1, size: 4 },
    gap: 3,
    ...more,
  };
}

// A number in a legend; uPlot asks for what is not under the cursor, too.
export function reading(value: number | null | undefined): string {
  return value === null || value === undefined ? "–" : short(value);
}

// Short enough for an axis: "1.2k", "0.003".
export function short(value: number): string {
  if (value === 0) return "0";
  const size = Math.abs(value);
  if (size >= 1e9) return `${Number((value / 1e9).toPrecision(3))}G`;
  if (size >= 1e6) return `${Number((value / 1e6).toPrecision(3))}M`;
  if (size >= 1e4) return `${Number((value / 1e3).toPrecision(3))}k`;
  return String(Number(value.toPrecision(4)));
}

// Empties the figure, shows it, and gives it a caption and a place to draw in. `text` is what the plot shows, for who
// does not see it.
export function frame(figure: HTMLElement, title: string, text: string): HTMLElement {
  figure.hidden = false;
  const caption = document.createElement("figcaption");
  caption.textContent = title;
  const place = document.createElement("div");
  place.className = "canvas";
  place.setAttribute("role", "img");
  place.setAttribute("aria-label", text);
  figure.replaceChildren(caption, place);
  return place;
}

export function sizeOf(place: HTMLElement, height: number): { width: number; height: number } {
  return { width: Math.max(240, Math.floor(place.clientWidth)), height };
}
