/**
 * Regenerates every fitted coefficient of the mathematics.
 *
 *   npm run fit              prints them
 *   npm run fit -- --check   fails unless the committed sources hold exactly these
 *   npm run fit -- --write   puts them into the sources
 */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { MILLS_DENOMINATOR, MILLS_NUMERATOR } from "../../keeper/math/normalDistribution.ts";
import { type Kernel, type Regenerated, regenerate } from "./coefficients.ts";
import { compareKernel, compareReference, type Mismatch, render, rewrite } from "./sources.ts";

const ROOT = new URL("../../", import.meta.url);
const KEEPER_SOURCE = "keeper/math/normalDistribution.ts";

function main(mode: string | undefined): number {
  const regenerated = regenerate();
  switch (mode) {
    case undefined:
      print(regenerated);
      return 0;
    case "--check":
      return check(regenerated);
    case "--write":
      write(regenerated.kernels);
      return 0;
    default:
      console.error(`expected --check, --write or nothing, got ${mode}`);
      return 2;
  }
}

function print({ kernels, millsNumerator, millsDenominator }: Regenerated): void {
  for (const kernel of kernels) {
    console.log(`${kernel.source}: ${kernel.description}`);
    for (const { name, integer, decimal } of kernel.coefficients) {
      console.log(`  ${name.padEnd(16)} ${render(integer)} // ${decimal}`);
    }
  }
  console.log(`${KEEPER_SOURCE}:\n  [${millsNumerator.join(", ")}]\n  [${millsDenominator.join(", ")}]`);
}

function check({ kernels, millsNumerator, millsDenominator }: Regenerated): number {
  const mismatches: Mismatch[] = kernels.flatMap((kernel) => [
    ...compareKernel(kernel, read(kernel.source)),
    ...referencesOf(kernel).flatMap((source) => compareReference(source, read(source), kernel.coefficients)),
  ]);
  const pairs = [
    ["MILLS_NUMERATOR", MILLS_NUMERATOR, millsNumerator],
    ["MILLS_DENOMINATOR", MILLS_DENOMINATOR, millsDenominator],
  ] as const;
  for (const [name, committed, expected] of pairs) {
    if (committed.join() !== expected.join()) {
      mismatches.push({ source: KEEPER_SOURCE, name, committed: committed.join(), expected: expected.join() });
    }
  }
  for (const { source, name, committed, expected } of mismatches) {
    console.error(`${source}: ${name} is ${committed}, expected ${expected}`);
  }
  const count = kernels.reduce((sum, kernel) => sum + kernel.coefficients.length, 0);
  if (mismatches.length === 0) console.log(`${count} coefficients are the regenerated ones`);
  return mismatches.length === 0 ? 0 : 1;
}

function write(kernels: readonly Kernel[]): void {
  for (const kernel of kernels) {
    const committed = read(kernel.source);
    for (const source of [kernel.source, ...referencesOf(kernel)]) {
      writeFileSync(path(source), rewrite(read(source), committed, kernel.coefficients));
    }
  }
}

/** The plain reference beside the tests, where the kernel has one. */
function referencesOf(kernel: Kernel): string[] {
  const reference = kernel.source.replace(/^.*\/(\w+\.sol)$/, "test/math/reference/Plain$1");
  return existsSync(path(reference)) ? [reference] : [];
}

function read(source: string): string {
  return readFileSync(path(source), "utf8");
}

function path(source: string): string {
  return fileURLToPath(new URL(source, ROOT));
}

process.exitCode = main(process.argv[2]);
