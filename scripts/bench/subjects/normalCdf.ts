import { missingShared, readShared } from "../../../test/helpers/sharedData.ts";
import { gasRows, type Subject } from "../bench.ts";

const file = "math/scalars.json.gz";

/** The normal distribution function over the reference points. */
export const normalCdf: Subject = {
  title: "NormalDistribution.cdf",
  missing: missingShared(file),
  async measure(bench) {
    const empty = await bench.deploy("NormalCdfBenchEmpty");
    const [solady, prbMath] = await bench.deployPeers("scripts/bench/peers/PlainOption.sol", [
      "SoladyNormalCdfBench",
      "PrbMathNormalCdfBench",
    ]);
    const contestants = {
      optionMath: await bench.deploy("NormalCdfBench"),
      "peer.solady": solady!,
      "peer.prbMath": prbMath!,
    };
    const points = readShared<{ cdf: [string, string][] }>(file).cdf.map(([x]) => [BigInt(x)]);
    const rows = [];
    for (const [contestant, contract] of Object.entries(contestants)) {
      const samples = await bench.run(contract, empty, points);
      rows.push(
        ...gasRows(
          `${contestant}.normalCdf`,
          samples.map(({ gas }) => gas),
        ),
      );
    }
    return rows;
  },
};
