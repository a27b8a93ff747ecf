/** Quotes of implied volatility from a file: CSV with a header, or a JSON array. */
import { readFileSync } from "node:fs";
import { z } from "zod/v4";
import { InputError } from "../errors.ts";
import type { VolatilityQuote } from "./calibrate.ts";

const quote = z.object({
  strike: z.number().positive(),
  volatility: z.number().gt(0.01).lt(10),
  weight: z.number().positive().default(1),
});
const COLUMNS = ["strike", "volatility", "weight"] as const;

/**
 * `strike` (quote per underlying), `volatility` (0.65 is 65 %) and, where given, `weight` (1 unless told).
 *
 * @throws {InputError} with the line or the place of what is wrong.
 */
export function readQuotes(path: string): VolatilityQuote[] {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (cause) {
    throw new InputError(`--quotes: the file ${path} cannot be read`, { cause });
  }
  return path.endsWith(".json") ? parseJson(text) : parseCsv(text);
}

/** @throws {InputError} */
export function parseJson(text: string): VolatilityQuote[] {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new InputError("--quotes: expected a JSON array of quotes, got something that is not JSON", { cause });
  }
  if (!Array.isArray(value)) throw new InputError("--quotes: expected a JSON array of quotes, got something else");
  return nonEmpty(value.map((item, i) => check(item, `quote ${i + 1}`)));
}

/** @throws {InputError} */
export function parseCsv(text: string): VolatilityQuote[] {
  const [head = "", ...lines] = text.split(/\r?\n/);
  const names = head.split(",").map((name) => name.trim().toLowerCase());
  for (const name of ["strike", "volatility"]) {
    if (!names.includes(name)) {
      throw new InputError(`--quotes: expected a header with the columns strike, volatility and weight, got "${head}"`);
    }
  }
  const quotes = lines.flatMap((line, i) => {
    if (line.trim() === "" || line.startsWith("#")) return [];
    const cells = line.split(",").map((cell) => cell.trim());
    const item: Record<string, number> = {};
    for (const name of COLUMNS) {
      const cell = cells[names.indexOf(name)];
      if (cell !== undefined && cell !== "") item[name] = Number(cell);
    }
    return [check(item, `line ${i + 2}`)];
  });
  return nonEmpty(quotes);
}

function check(item: unknown, where: string): VolatilityQuote {
  const parsed = quote.safeParse(item);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const hint = issue?.path[0] === "volatility" ? " (0.65 is 65 %)" : "";
  throw new InputError(`--quotes: ${where}: ${issue?.path.join(".") ?? "it"}: ${issue?.message ?? "wrong"}${hint}`);
}

function nonEmpty(quotes: VolatilityQuote[]): VolatilityQuote[] {
  if (quotes.length === 0) throw new InputError("--quotes: there is no quote in the file");
  return quotes;
}
