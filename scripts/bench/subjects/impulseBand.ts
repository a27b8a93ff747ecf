import { gasRows, type Subject } from "../bench.ts";
import { product, wad } from "../grid.ts";

/** The band of a book: 50 contracts at 3,000 from deep out of the money to a day before expiry, as costs vary. */
export const impulseBand: Subject = {
  title: "ImpulseBand.ofBook",
  async measure(bench) {
    const [contract, empty] = [await bench.deploy("ImpulseBandBench"), await bench.deploy("ImpulseBandBenchEmpty")];
    const books = product(
      [0.05, 0.3, 1, 4, 10, 40], // gamma of a contract
      [2e-4, 5e-4, 2e-3], // proportional cost
      [0.05, 0.5, 5, 50], // fixed cost, quote
      [60, 100, 200], // risk aversion
      [8_640, 604_800, 2_419_200], // seconds
    ).map(([gamma, proportionalCost, fixedCost, riskAversion, secondsToExpiry]) => ({
      contracts: wad(50),
      spot: wad(3_000),
      gamma: wad(50 * gamma),
      proportionalCost: wad(proportionalCost),
      fixedCost: wad(fixedCost),
      riskAversion: wad(riskAversion),
      volatility: wad(0.7),
      secondsToExpiry,
    }));
    const samples = await bench.run(
      contract,
      empty,
      books.map((book) => [book]),
    );
    return gasRows(
      "impulseBand",
      samples.map(({ gas }) => gas),
    );
  },
};
