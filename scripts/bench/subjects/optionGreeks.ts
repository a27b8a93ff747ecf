import { optionArguments, readOptionVectors, vectorFiles } from "../../../test/helpers/optionVectors.ts";
import { missingShared } from "../../../test/helpers/sharedData.ts";
import { gasRows, type Subject } from "../bench.ts";

const grids = { allFive: vectorFiles.carry, allFiveSameRate: vectorFiles.sameRate };

/** Price, delta, gamma, vega and theta of one option, over the two reference tables. */
export const optionGreeks: Subject = {
  title: "OptionMath.greeks",
  missing: missingShared(vectorFiles.carry) ?? missingShared(vectorFiles.sameRate),
  async measure(bench) {
    const empty = await bench.deploy("OptionBenchEmpty");
    const [solady, prbMath] = await bench.deployPeers("scripts/bench/peers/PlainOption.sol", [
      "SoladyOptionBench",
      "PrbMathOptionBench",
    ]);
    const contestants = {
      optionMath: await bench.deploy("OptionBench"),
      "peer.solady": solady!,
      "peer.prbMath": prbMath!,
    };
    const rows = [];
    for (const [contestant, contract] of Object.entries(contestants)) {
      for (const [name, file] of Object.entries(grids)) {
        const samples = await bench.run(contract, empty, readOptionVectors(file).map(optionArguments));
        rows.push(
          ...gasRows(
            `${contestant}.${name}`,
            samples.map(({ gas }) => gas),
          ),
        );
      }
    }
    return rows;
  },
};
