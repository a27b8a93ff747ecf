/**
 * `npm test`: every Solidity and TypeScript test but those of the fork. `npm run test:fork`: those of the fork.
 * `npm run test:deep`: the Solidity tests and those of the mathematics, with 10,000 runs of each fuzz test.
 * Named files (`npm test -- test/unit/OptionVault.test.ts`) run alone.
 */
import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { join } from "node:path";

const FORK_FOLDER = join("test", "fork");
const MATH_FOLDER = join("test", "math");
const DEEP_FUZZ_RUNS = "10000";

const flags = new Set(process.argv.slice(2).filter((argument) => argument.startsWith("--")));
const named = process.argv.slice(2).filter((argument) => !argument.startsWith("--"));
const isDeep = flags.delete("--deep");
const isFork = flags.delete("--fork");
if (flags.size > 0) {
  console.error(`test: expected --fork, --deep or the names of test files, got ${[...flags].join(" ")}`);
  process.exit(1);
}

function isWanted(path: string): boolean {
  if (path.endsWith(".t.sol")) return !isFork;
  if (!path.endsWith(".test.ts")) return false;
  return isDeep ? path.startsWith(MATH_FOLDER) : path.startsWith(FORK_FOLDER) === isFork;
}

const all = readdirSync("test", { recursive: true, encoding: "utf8" }).map((path) => join("test", path));
const chosen = named.length > 0 ? named : all.filter(isWanted).sort();
if (chosen.length === 0) {
  console.error("test: there is no test to run");
  process.exit(1);
}
const { status } = spawnSync("hardhat", ["test", ...chosen], {
  stdio: "inherit",
  env: isDeep ? { ...process.env, FUZZ_RUNS: DEEP_FUZZ_RUNS } : process.env,
});
process.exit(status ?? 1);
