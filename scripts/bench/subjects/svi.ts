import { packSlice } from "../../../keeper/math/svi.ts";
import { gasRows, type Subject } from "../bench.ts";
import { product } from "../grid.ts";

const POST = { postedAt: 1_700_000_000, atTheMoneyVolatility: 0.7, spread: 0.015 };

/** The volatility of slices of several skews and slopes, at log-moneyness from -1 to 1. */
export const svi: Subject = {
  title: "Svi.volatility",
  async measure(bench) {
    const [contract, empty] = [await bench.deploy("SviBench"), await bench.deploy("SviBenchEmpty")];
    const twentieths = Array.from({ length: 41 }, (_, i) => i - 20);
    const points = product([-0.7, -0.3, 0, 0.4], [0.3, 2], twentieths).map(([rho, b, k]) => [
      packSlice({ a: 0.1, b, rho, m: 0.02, sigma: 0.15, ...POST }),
      (BigInt(k) << 96n) / 20n,
    ]);
    const samples = await bench.run(contract, empty, points);
    return gasRows(
      "svi.volatility",
      samples.map(({ gas }) => gas),
    );
  },
};
