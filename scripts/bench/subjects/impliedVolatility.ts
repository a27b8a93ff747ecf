import {
  optionArguments,
  REFERENCE_DECIMALS,
  readOptionVectors,
  timeValues,
  vectorFiles,
} from "../../../test/helpers/optionVectors.ts";
import { missingShared } from "../../../test/helpers/sharedData.ts";
import { gasRows, type Subject } from "../bench.ts";

const WAD = 10n ** 18n;
const TO_WAD = 10n ** BigInt(REFERENCE_DECIMALS - 18);

/** Implied volatility of every reference price that has a time value above 1e-10 of spot. */
export const impliedVolatility: Subject = {
  title: "ImpliedVolatility.solve",
  missing: missingShared(vectorFiles.carry) ?? missingShared(vectorFiles.sameRate),
  async measure(bench) {
    const [contract, empty] = [
      await bench.deploy("ImpliedVolatilityBench"),
      await bench.deploy("ImpliedVolatilityBenchEmpty"),
    ];
    const vectors = Object.values(vectorFiles).flatMap((file) => {
      const all = readOptionVectors(file);
      const values = timeValues(all);
      return all.filter(({ spot }, i) => (values[i]! * WAD) / spot > 10n ** BigInt(REFERENCE_DECIMALS - 10));
    });
    const calls = vectors.map((vector) =>
      optionArguments({ ...vector, volatility: (vector.price + TO_WAD / 2n) / TO_WAD }),
    );
    const samples = await bench.run(contract, empty, calls);
    return gasRows(
      "optionMath.impliedVolatility",
      samples.map(({ gas }) => gas),
    );
  },
};
