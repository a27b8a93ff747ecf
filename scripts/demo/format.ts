/** Numbers, dates and columns as people read them. */

const MINUS = "−";
const DAY_NAMES = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"] as const;
const MONTH_NAMES = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"] as const;

/**
 * A fixed-point integer with thousands separators, rounded half away from zero.
 *
 * @example formatFixed({ value: 1234567890n, decimals: 6, digits: 2 }) // "1,234.57"
 */
export function formatFixed(options: {
  readonly value: bigint;
  /** Decimals of `value`: 6 for USDC, 18 for WAD. */
  readonly decimals: number;
  /** Decimals shown, at most those of `value`. */
  readonly digits: number;
  /** Puts a plus before what is above zero. */
  readonly signed?: boolean;
}): string {
  const { value, decimals, digits, signed = false } = options;
  const cut = 10n ** BigInt(decimals - digits);
  const size = ((value < 0n ? -value : value) + cut / 2n) / cut;
  const text = size.toString().padStart(digits + 1, "0");
  const whole = text.slice(0, text.length - digits).replace(/\B(?=(\d{3})+$)/g, ",");
  const fraction = digits === 0 ? "" : `.${text.slice(text.length - digits)}`;
  return `${sign(size === 0n ? 0 : Number(value), signed)}${whole}${fraction}`;
}

/** Quote WAD with cents. */
export function formatQuote(valueWad: bigint, signed = false): string {
  return formatFixed({ value: valueWad, decimals: 18, digits: 2, signed });
}

/** A plain number with thousands separators and so many decimals. */
export function formatNumber(value: number, digits: number, signed = false): string {
  if (!Number.isFinite(value)) return "none";
  const size = Math.abs(value).toLocaleString("en-US", {
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  });
  return `${sign(/[1-9]/.test(size) ? value : 0, signed)}${size}`;
}

/** A part of one as a percentage: `formatPercent(0.285, 1)` is "28.5 %". */
export function formatPercent(part: number, digits: number, signed = false): string {
  return Number.isFinite(part) ? `${formatNumber(part * 100, digits, signed)} %` : "none";
}

/** "Fri 9 Jan", UTC, of unix seconds. */
export function formatDay(time: number): string {
  const date = new Date(time * 1000);
  return `${DAY_NAMES[date.getUTCDay()]} ${date.getUTCDate()} ${MONTH_NAMES[date.getUTCMonth()]}`;
}

/** "08:00", UTC, of unix seconds. */
export function formatHour(time: number): string {
  return new Date(time * 1000).toISOString().slice(11, 16);
}

/** "Fri 9 Jan 08:00", UTC, of unix seconds. */
export function formatTime(time: number): string {
  return `${formatDay(time)} ${formatHour(time)}`;
}

/** "3 hedges", "1 hedge". */
export function formatCount(count: number, singular: string, plural = `${singular}s`): string {
  return `${formatNumber(count, 0)} ${count === 1 ? singular : plural}`;
}

/** Lines of text with aligned columns: the first column to the left, the others to the right. */
export function formatTable(rows: readonly (readonly string[])[], gap = 3): string {
  const widths: number[] = [];
  for (const row of rows) {
    for (const [column, cell] of row.entries()) widths[column] = Math.max(widths[column] ?? 0, cell.length);
  }
  return rows
    .map((row) =>
      row
        .map((cell, column) => (column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0)))
        .join(" ".repeat(gap))
        .trimEnd(),
    )
    .join("\n");
}

function sign(value: number, signed: boolean): string {
  if (value < 0) return MINUS;
  return signed && value > 0 ? "+" : "";
}
