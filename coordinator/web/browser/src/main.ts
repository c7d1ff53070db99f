// What the coordinator's pages do beyond HTML. Every page is complete without it: it sorts tables in place, draws
// what they hold, and keeps the pages of jobs and devices up to date.
import "uplot/dist/uPlot.min.css";

import { addCopyButtons } from "./copy_button";
import { drawPlots } from "./plots";
import { keepFresh } from "./refresh";
import { makeSortable } from "./sorting";

makeSortable();
addCopyButtons();
drawPlots(document);
keepFresh();
