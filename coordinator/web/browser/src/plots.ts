// Finds the figures of a page and draws them; again when the colours change or there is more or less room.
import { drawCurve, refreshCurve } from "./curve";
import { drawHistory } from "./history_plot";
import { drawPareto } from "./pareto_plot";

const drawers: Record<string, (figure: HTMLElement) => void> = {
  pareto: drawPareto,
  history: drawHistory,
  curve: drawCurve,
};

function figuresOf(root: ParentNode): HTMLElement[] {
  return [...root.querySelectorAll<HTMLElement>("figure[data-plot]")];
}

function draw(figure: HTMLElement): void {
  figure.dataset.drawn = "";
  drawers[figure.dataset.plot ?? ""]?.(figure);
}

export function drawPlots(root: ParentNode): void {
  for (const figure of figuresOf(root)) if (figure.dataset.drawn === undefined) draw(figure);
}

export async function refreshCurves(): Promise<void> {
  const live = figuresOf(document).filter((figure) => figure.dataset.live !== undefined);
  await Promise.all(live.map(refreshCurve));
}

function redrawAll(): void {
  for (const figure of figuresOf(document)) draw(figure);
}

let width = window.innerWidth;
let resizing = 0;
window.addEventListener("resize", () => {
  if (window.innerWidth === width) return;
  width = window.innerWidth;
  clearTimeout(resizing);
  resizing = window.setTimeout(redrawAll, 150);
});
window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redrawAll);
