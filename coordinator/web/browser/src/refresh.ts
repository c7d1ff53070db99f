// Keeps a page up to date: asks for it again and puts its parts in place of those shown. The server's HTML stays the
// only place that says how things look. Rests while nobody looks at the page.
import { drawPlots, refreshCurves } from "./plots";

// Longer and longer while the server does not answer.
const SLOWEST_SECONDS = 60;

function replaceParts(fresh: Document): void {
  for (const part of document.querySelectorAll<HTMLElement>("[data-part]")) {
    const next = fresh.querySelector(`[data-part="${CSS.escape(part.dataset.part ?? "")}"]`);
    if (!next || next.innerHTML === part.innerHTML) continue;
    const focused = part.contains(document.activeElement) ? document.activeElement : null;
    const href = focused?.getAttribute("href");
    const scrolled = part.querySelector(".scroll")?.scrollLeft ?? 0;
    part.innerHTML = next.innerHTML;
    part.querySelector(".scroll")?.scrollTo(scrolled, 0);
    // Who was at a link stays there.
    if (href) part.querySelector<HTMLElement>(`[href="${CSS.escape(href)}"]`)?.focus({ preventScroll: true });
    else if (focused?.matches(".scroll")) part.querySelector<HTMLElement>(".scroll")?.focus({ preventScroll: true });
  }
  const counts = fresh.getElementById("counts");
  if (counts) document.getElementById("counts")?.replaceWith(counts);
}

// Curves of jobs that started since; those of jobs that ended stay, with their last state.
function addCurves(fresh: Document): void {
  const shown = document.querySelector("[data-curves]");
  if (!shown) return;
  for (const figure of fresh.querySelectorAll<HTMLElement>("[data-curves] [data-plot]")) {
    const { source, metric } = figure.dataset;
    const known = [...shown.querySelectorAll<HTMLElement>("[data-plot]")].some(
      (other) => other.dataset.source === source && other.dataset.metric === metric);
    if (!known) shown.append(figure);
  }
  drawPlots(shown);
}

export function keepFresh(): void {
  const root = document.querySelector<HTMLElement>("[data-refresh]");
  if (!root) return;
  const seconds = Number(root.dataset.refresh);
  const notice = document.createElement("p");
  notice.className = "stale";
  notice.setAttribute("role", "status");
  root.prepend(notice);
  let wait = seconds;
  const tick = async (): Promise<void> => {
    if (!document.hidden) {
      try {
        const reply = await fetch(location.href, { headers: { Accept: "text/html" } });
        if (!reply.ok) throw new Error(`${reply.status}`);
        const fresh = new DOMParser().parseFromString(await reply.text(), "text/html");
        replaceParts(fresh);
        addCurves(fresh);
        await refreshCurves();
        notice.textContent = "";
        wait = seconds;
      } catch {
        notice.textContent = "The coordinator does not answer; what is shown is old.";
        wait = Math.min(wait * 2, SLOWEST_SECONDS);
      }
    }
    setTimeout(tick, wait * 1000);
  };
  setTimeout(tick, wait * 1000);
}
