/** How many samples a property takes: `fast` on every change, FUZZ_RUNS in the deep step (`npm run test:deep`). */
export function fuzzRuns(fast: number): number {
  return Math.max(fast, Number(process.env.FUZZ_RUNS ?? 0));
}
