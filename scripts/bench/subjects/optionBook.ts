import { gasRows, type Subject } from "../bench.ts";

const WAD = 10n ** 18n;
const SPOT = 3000n * WAD;
const LEGS = 40;
const DAYS = [1n, 7n, 28n, 90n];
const VOLATILITIES = [40n, 70n, 120n];

/** 40 strikes from a half of spot to twice it, each with calls and puts open. */
const strikes = Array.from({ length: LEGS }, (_, i) => {
  const strike = SPOT / 2n + (BigInt(i) * SPOT * 3n) / 2n / BigInt(LEGS - 1);
  return strike / 10n ** 9n + ((BigInt(10 + i) * WAD) << 64n) + ((BigInt(50 - i) * WAD) << 160n);
});

/** A leg of a 40-leg book, everything included: the context of the expiry, both types of each strike, the net. */
export const optionBook: Subject = {
  title: "OptionMath.book",
  async measure(bench) {
    const [contract, empty] = [await bench.deploy("BookBench"), await bench.deploy("BookBenchEmpty")];
    const books = DAYS.flatMap((days) =>
      VOLATILITIES.map((percent) => [SPOT, percent * 10n ** 16n, days * 86_400n, 10n ** 17n, 2n * 10n ** 16n, strikes]),
    );
    const samples = await bench.run(contract, empty, books);
    return gasRows(
      "optionMath.bookLeg",
      samples.map(({ gas }) => Math.round(gas / LEGS)),
    );
  },
};
