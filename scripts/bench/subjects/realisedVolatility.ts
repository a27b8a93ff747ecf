import { gasRows, type Subject } from "../bench.ts";
import { wad } from "../grid.ts";

/** An hour's update, for returns from -20 % to 20 %. */
export const realisedVolatility: Subject = {
  title: "RealisedVolatility.update",
  async measure(bench) {
    const contract = await bench.deploy("RealisedVolatilityBench");
    const empty = await bench.deploy("RealisedVolatilityBenchEmpty");
    const updates = Array.from({ length: 201 }, (_, i) => [wad(0.49), wad(3_000), wad(3_000 + 6 * (i - 100))]);
    const samples = await bench.run(contract, empty, updates);
    return gasRows(
      "realisedVolatility.update",
      samples.map(({ gas }) => gas),
    );
  },
};
