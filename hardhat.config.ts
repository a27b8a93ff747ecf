import { createRequire } from "node:module";
import toolbox from "@nomicfoundation/hardhat-toolbox-mocha-ethers";
import { defineConfig } from "hardhat/config";

const require = createRequire(import.meta.url);

/** The compiler comes from the `solc` package, so that a build needs no download. */
const solc = { version: "0.8.37", path: require.resolve("solc/soljson.js") };

const settings = (runs: number) => ({ viaIR: true, evmVersion: "osaka", optimizer: { enabled: true, runs } }) as const;

/** The pricer unrolled for a million runs would be larger than a chain takes. */
const smaller = { ...solc, settings: settings(2_000) };

/** Runs of each fuzz test: 256 on every change, 10,000 in the deep step (FUZZ_RUNS=10000). */
const fuzzRuns = Number(process.env.FUZZ_RUNS ?? 256);

/** Instrumented code is larger than what a chain takes. */
const isCoverage = process.argv.includes("--coverage");

export default defineConfig({
  plugins: [toolbox],
  solidity: {
    compilers: [{ ...solc, settings: settings(1_000_000) }],
    overrides: {
      "contracts/OptionPricer.sol": smaller,
      "contracts/mocks/mutants/OptionPricerMutant.sol": smaller,
    },
    // The OpenZeppelin contracts that are deployed as they are, without a line of ours on top.
    npmFilesToBuild: ["@openzeppelin/contracts/access/manager/AccessManager.sol"],
  },
  paths: {
    tests: { mocha: "test", solidity: "test" },
  },
  networks: {
    // In-process chain of the unit tests, on the same day for everybody.
    default: {
      type: "edr-simulated",
      chainType: "l1",
      hardfork: "osaka",
      initialDate: "2026-01-01T00:00:00Z",
      allowUnlimitedContractSize: isCoverage,
    },
    // A fork of that chain or of the one at FORK_URL; url and block are given where it is created.
    fork: { type: "edr-simulated", chainType: "l1", hardfork: "osaka" },
    // The chain that `npm run chain` serves: the keeper, the CLI and the fork tests reach it over RPC.
    local: {
      type: "edr-simulated",
      chainType: "l1",
      chainId: 31337,
      hardfork: "osaka",
      initialDate: "2026-01-02T00:00:00Z",
    },
  },
  test: {
    mocha: { timeout: 120_000 },
    solidity: { fuzz: { runs: fuzzRuns, seed: "0xba11a57" }, invariant: { runs: 64, depth: 64 } },
  },
  // Not checked: typechain writes namespaces, which `erasableSyntaxOnly` forbids. The types hold all the same.
  typechain: { outDir: "types", tsNocheck: true },
});
