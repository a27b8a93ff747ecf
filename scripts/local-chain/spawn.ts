/** Runs `npm run chain`'s script as a process of its own, for whoever needs a real node over RPC. */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Deployment, readDeployment } from "../../keeper/deployment.ts";

const READY = "chain: ready";
const START_TIMEOUT_MS = 120_000;

export interface SpawnedChain {
  readonly deployment: Deployment;
  /** For the keeper's and the scripts' `--deployment`. */
  readonly deploymentFile: string;
  readonly process: ChildProcess;
  stop(): Promise<void>;
}

/** The chain's process ended or stayed silent. */
export class ChainStartError extends Error {
  override name = "ChainStartError";
}

/** @param args Further flags of `scripts/chain.ts`, such as `--no-board`. */
export async function spawnLocalChain(args: readonly string[] = []): Promise<SpawnedChain> {
  const folder = mkdtempSync(join(tmpdir(), "ballast-chain-"));
  const deploymentFile = join(folder, "deployment.json");
  const script = new URL("../chain.ts", import.meta.url).pathname;
  const child = spawn(process.execPath, [script, "--port", "0", "--deployment", deploymentFile, ...args], {
    stdio: ["ignore", "pipe", "pipe"],
    // A test runner's loaders are no business of the chain's.
    env: { ...process.env, NODE_OPTIONS: "" },
  });
  let output = "";
  const stop = async () => {
    if (child.exitCode === null && child.signalCode === null) {
      const ended = new Promise((resolve) => child.once("exit", resolve));
      child.kill("SIGTERM");
      await ended;
    }
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(
        () =>
          reject(new ChainStartError(`the local chain was not ready after ${START_TIMEOUT_MS / 1000} s:\n${output}`)),
        START_TIMEOUT_MS,
      );
      const listen = (chunk: Buffer) => {
        output += chunk.toString();
        if (!output.includes(READY)) return;
        clearTimeout(timer);
        resolve();
      };
      child.stdout.on("data", listen);
      child.stderr.on("data", listen);
      child.once("exit", (code) => {
        clearTimeout(timer);
        reject(new ChainStartError(`the local chain ended with exit code ${code}:\n${output}`));
      });
    });
  } catch (error) {
    await stop();
    throw error;
  }
  return { deployment: readDeployment(deploymentFile), deploymentFile, process: child, stop };
}
