import type { Coefficient, Kernel } from "./coefficients.ts";

/** A difference between a source and what the fit regenerates. */
export interface Mismatch {
  readonly source: string;
  readonly name: string;
  readonly committed: string;
  readonly expected: string;
}

/** Shorter literals are shifts, masks and small factors, not fitted coefficients. */
const FITTED_FROM = 1n << 32n;
const NAMED_CONSTANT = /\bconstant\s+(\w+)\s*=\s*(-?(?:0x[0-9a-fA-F]+|\d+))\s*;/g;
const LITERAL = /\b(0x[0-9a-fA-F]+|\d+)\b(?!e)/g;

/**
 * Compares a kernel's named constants with the regenerated ones: each must be there with exactly that value, and no
 * other long literal may stand in the file, so that nothing fitted can escape the proof.
 */
export function compareKernel(kernel: Kernel, text: string): Mismatch[] {
  const code = withoutComments(text);
  const committed = new Map([...code.matchAll(NAMED_CONSTANT)].map((match) => [match[1]!, parseInteger(match[2]!)]));
  const mismatches: Mismatch[] = [];
  for (const { name, integer } of kernel.coefficients) {
    const value = committed.get(name);
    if (value === integer) continue;
    mismatches.push({ source: kernel.source, name, committed: render(value), expected: render(integer) });
  }
  const known = new Set(kernel.coefficients.map((coefficient) => coefficient.name));
  const unexplained = [...committed].filter(([name, value]) => isFitted(value) && !known.has(name));
  const inline = fittedLiterals(code.replaceAll(NAMED_CONSTANT, ""));
  for (const [name, value] of unexplained) {
    mismatches.push({ source: kernel.source, name, committed: render(value), expected: "no such constant" });
  }
  for (const value of inline) {
    mismatches.push({
      source: kernel.source,
      name: "a literal",
      committed: render(value),
      expected: "a named constant",
    });
  }
  return mismatches;
}

/** Compares a plain reference in test/, which repeats coefficients as bare literals: each must be a regenerated one. */
export function compareReference(source: string, text: string, coefficients: readonly Coefficient[]): Mismatch[] {
  const known = new Set(coefficients.map(({ integer }) => integer));
  return fittedLiterals(withoutComments(text))
    .filter((value) => !known.has(value))
    .map((value) => ({ source, name: "a literal", committed: render(value), expected: "a regenerated coefficient" }));
}

/** The text with each committed value replaced by the regenerated one of the same name, in all its occurrences. */
export function rewrite(text: string, committedText: string, coefficients: readonly Coefficient[]): string {
  const expected = new Map(coefficients.map(({ name, integer }) => [name, integer]));
  let result = text;
  for (const [, name, literal] of withoutComments(committedText).matchAll(NAMED_CONSTANT)) {
    const integer = expected.get(name!);
    if (integer === undefined || integer === parseInteger(literal!)) continue;
    result = result.replaceAll(literal!, literal!.includes("0x") ? render(integer) : integer.toString());
  }
  return result;
}

function fittedLiterals(code: string): bigint[] {
  return [...code.matchAll(LITERAL)].map((match) => BigInt(match[1]!)).filter(isFitted);
}

/** Long, and neither a power of two nor a mask. */
function isFitted(value: bigint): boolean {
  const size = value < 0n ? -value : value;
  return size >= FITTED_FROM && (size & (size - 1n)) !== 0n && (size & (size + 1n)) !== 0n;
}

/** A literal with its sign: BigInt reads no "-0x1". */
function parseInteger(literal: string): bigint {
  return literal.startsWith("-") ? -BigInt(literal.slice(1)) : BigInt(literal);
}

function withoutComments(text: string): string {
  return text.replaceAll(/\/\*[\s\S]*?\*\//g, "").replaceAll(/\/\/.*$/gm, "");
}

/** A value as the sources write it. */
export function render(value: bigint | undefined): string {
  if (value === undefined) return "nothing";
  return value < 0n ? `-0x${(-value).toString(16)}` : `0x${value.toString(16)}`;
}
