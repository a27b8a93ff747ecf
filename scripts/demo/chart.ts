/**
 * Line charts over time as SVG text: two axes, grid, shaded range, lines, marks. No library: what the report needs is a
 * page of arithmetic, and a file that opens offline for years should carry no code that it does not use.
 */
import { formatDay, formatHour, formatNumber } from "./format.ts";

/** A series in the palette of the report. */
export type Tone = "hedged" | "unhedged" | "ideal" | "plain";

export interface Line {
  readonly label: string;
  readonly tone: Tone;
  readonly values: readonly number[];
  /** Thin lines lie above wide ones, so that two lines that coincide are both seen. */
  readonly width?: "thin" | "wide";
  readonly dashed?: boolean;
}

export interface Chart {
  /** Unique in the page; letters and dashes. */
  readonly id: string;
  readonly title: string;
  /** One sentence: what to look for. */
  readonly caption: string;
  /** Of the vertical axis, for instance "USDC". */
  readonly unit: string;
  /** Decimals of the read-out. */
  readonly digits: number;
  /** Unix seconds, ascending, one for each value. */
  readonly times: readonly number[];
  readonly lines: readonly Line[];
  /** A shaded range between two lines, for instance the band. */
  readonly range?: { readonly label: string; readonly low: readonly number[]; readonly high: readonly number[] };
  /** Moments with a vertical line. */
  readonly marks?: readonly { readonly time: number; readonly label: string }[];
  /** Draws a stronger line at zero and keeps it in sight. */
  readonly zero?: boolean;
}

export interface ChartSize {
  readonly width: number;
  readonly height: number;
  /** Of the figures on the axes, px of the drawing. */
  readonly fontSize: number;
}

export interface Ticks {
  readonly values: readonly number[];
  readonly digits: number;
}

const HOUR = 3_600;
const DAY = 24 * HOUR;
const TIME_STEPS = [HOUR, 2 * HOUR, 3 * HOUR, 6 * HOUR, 12 * HOUR, DAY, 2 * DAY, 4 * DAY, 7 * DAY, 14 * DAY, 28 * DAY];

/** Round values (1, 2, 2.5 or 5 times a power of ten) that cover the range, about `count` of them. */
export function niceTicks(options: { readonly low: number; readonly high: number; readonly count: number }): Ticks {
  // A flat line still gets an axis around it.
  const least = Math.max(Math.abs(options.low), Math.abs(options.high), 1) * 1e-9;
  const isFlat = options.high - options.low < least;
  const room = isFlat ? Math.max(Math.abs(options.low) * 0.01, 0.01) : 0;
  const low = options.low - room;
  const high = options.high + room;
  const { count } = options;
  const rough = (high - low) / count;
  const power = 10 ** Math.floor(Math.log10(rough));
  const factor = [1, 2, 2.5, 5, 10].find((candidate) => candidate * power >= rough * (1 - 1e-9)) ?? 10;
  const step = factor * power;
  const first = Math.floor(low / step + 1e-9);
  const last = Math.ceil(high / step - 1e-9);
  const values = Array.from({ length: last - first + 1 }, (_, place) => (first + place) * step);
  const exponent = Math.floor(Math.log10(step) + 1e-9);
  return { values, digits: Math.max(0, -exponent + (factor === 2.5 ? 1 : 0)) };
}

/** Whole hours or midnights UTC, at most `count` of them. */
export function timeTicks(options: { readonly from: number; readonly to: number; readonly count: number }): {
  readonly times: readonly number[];
  readonly label: (time: number) => string;
} {
  const { from, to, count } = options;
  const fits = (step: number) => Math.floor(to / step) - Math.ceil(from / step) + 1 <= count;
  const step = TIME_STEPS.find(fits) ?? 28 * DAY;
  const times: number[] = [];
  for (let time = Math.ceil(from / step) * step; time <= to; time += step) times.push(time);
  return { times, label: step >= DAY ? formatDay : formatHour };
}

/** One SVG of the chart at one size. */
export function renderChart(chart: Chart, size: ChartSize): string {
  const { width, height, fontSize } = size;
  const all = [
    ...chart.lines.flatMap((line) => line.values),
    ...(chart.range?.low ?? []),
    ...(chart.range?.high ?? []),
  ];
  const ticks = niceTicks({
    low: Math.min(...all, ...(chart.zero ? [0] : [])),
    high: Math.max(...all, ...(chart.zero ? [0] : [])),
    count: 5,
  });
  const bottom = ticks.values[0] ?? 0;
  const top = ticks.values.at(-1) ?? 1;
  const labels = ticks.values.map((value) => formatNumber(value, ticks.digits));
  const frame = {
    left: Math.ceil(Math.max(...labels.map((label) => label.length)) * fontSize * 0.6) + 10,
    right: width - 14,
    top: fontSize * 3,
    bottom: height - fontSize * 2,
  };
  const from = chart.times[0] ?? 0;
  const to = chart.times.at(-1) ?? 1;
  const x = (time: number) => frame.left + ((time - from) / Math.max(to - from, 1)) * (frame.right - frame.left);
  const y = (value: number) => frame.bottom - ((value - bottom) / (top - bottom)) * (frame.bottom - frame.top);
  const points = (values: readonly number[]) =>
    values.map((value, place) => `${round(x(chart.times[place] ?? from))},${round(y(value))}`);

  const grid = ticks.values.map((value, place) => {
    const at = round(y(value));
    const isZero = chart.zero && Math.abs(value) < 1e-12;
    return [
      `<line class="${isZero ? "zero" : "grid"}" x1="${frame.left}" x2="${frame.right}" y1="${at}" y2="${at}"/>`,
      text({ x: frame.left - 6, y: at + fontSize * 0.35, anchor: "end", value: labels[place] ?? "" }),
    ].join("");
  });
  const days = timeTicks({ from, to, count: Math.max(2, Math.floor((frame.right - frame.left) / (fontSize * 6))) });
  const dates = days.times.map((time) => {
    const at = round(x(time));
    // The outermost dates lean inwards instead of over the edge.
    const half = fontSize * 2.6;
    const anchor = at + half > width ? "end" : at - half < 0 ? "start" : "middle";
    return [
      `<line class="tick" x1="${at}" x2="${at}" y1="${frame.bottom}" y2="${frame.bottom + 4}"/>`,
      text({ x: at, y: frame.bottom + fontSize * 1.5, anchor, value: days.label(time) }),
    ].join("");
  });
  const marks = (chart.marks ?? []).map(({ time, label }) => {
    const at = round(x(time));
    const nearEnd = at + label.length * fontSize * 0.58 > frame.right;
    return [
      `<line class="mark" x1="${at}" x2="${at}" y1="${frame.top}" y2="${frame.bottom}"/>`,
      text({
        x: at + (nearEnd ? -5 : 5),
        y: frame.top - fontSize * 0.5,
        anchor: nearEnd ? "end" : "start",
        value: label,
        className: "note",
      }),
    ].join("");
  });
  const range =
    chart.range === undefined
      ? ""
      : `<path class="range" d="M${points(chart.range.high).join("L")}L${points(chart.range.low).reverse().join("L")}Z"/>`;
  const lines = chart.lines.map((line) => {
    const classes = ["line", line.tone, ...(line.width ? [line.width] : []), ...(line.dashed ? ["dashed"] : [])].join(
      " ",
    );
    return `<polyline class="${classes}" points="${points(line.values).join(" ")}"/>`;
  });
  const unit = text({ x: 0, y: fontSize, anchor: "start", value: chart.unit, className: "unit" });

  return [
    `<svg viewBox="0 0 ${width} ${height}" role="img" aria-label="${escapeText(`${chart.title}. ${chart.caption}`)}"`,
    ` font-size="${fontSize}" data-left="${frame.left}" data-right="${frame.right}" data-top="${frame.top}"`,
    ` data-bottom="${frame.bottom}" data-low="${bottom}" data-high="${top}">`,
    unit,
    ...grid,
    ...dates,
    range,
    ...marks,
    ...lines,
    '<g class="hover"></g>',
    "</svg>",
  ].join("");
}

export function escapeText(value: string): string {
  return value.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;").replace(/"/g, "&quot;");
}

function text(options: { x: number; y: number; anchor: string; value: string; className?: string }): string {
  const { x, y, anchor, value, className = "label" } = options;
  return `<text class="${className}" x="${round(x)}" y="${round(y)}" text-anchor="${anchor}">${escapeText(value)}</text>`;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
