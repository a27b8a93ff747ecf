/**
 * `npm test`: every Solidity and TypeScript test but those of the fork. `npm run test:fork`: those of the fork.
 * Named files (`npm test -- test/unit/OptionVault.test.ts`) run alone.
 */
import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { join } from "node:path";

const FORK_FOLDER = join("test", "fork");
const isTest = (path: string) => path.endsWith(".test.ts") || path.endsWith(".t.sol");

const { fork, named } = {
  fork: process.argv.includes("--fork"),
  named: process.argv.slice(2).filter((argument) => argument !== "--fork"),
};

const all = readdirSync("test", { recursive: true, encoding: "utf8" })
  .map((path) => join("test", path))
  .filter(isTest)
  .sort();
const chosen = named.length > 0 ? named : all.filter((path) => path.startsWith(FORK_FOLDER) === fork);
if (chosen.length === 0) {
  console.error("test: there is no test to run");
  process.exit(1);
}
const { status } = spawnSync("hardhat", ["test", ...chosen], { stdio: "inherit" });
process.exit(status ?? 1);
