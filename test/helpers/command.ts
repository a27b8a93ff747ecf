/** Runs a command of the repository as a person would, in a process of its own. */
import { type ChildProcessByStdio, spawn } from "node:child_process";
import type { Readable } from "node:stream";
import { expect } from "chai";

const ROOT = new URL("../../", import.meta.url).pathname;

export interface Outcome {
  code: number | null;
  stdout: string;
  stderr: string;
}

export interface Running {
  process: ChildProcessByStdio<null, Readable, Readable>;
  outcome: Promise<Outcome>;
  /** Resolves once stdout and stderr, in the order of their arrival, match. */
  until(pattern: RegExp): Promise<void>;
}

/** @param script From the repository's root, such as `keeper/cli/status.ts`. */
export function start(script: string, args: readonly string[], env: Record<string, string> = {}): Running {
  const child = spawn(process.execPath, [script, ...args], {
    cwd: ROOT,
    env: { PATH: process.env.PATH ?? "", ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const output: Outcome = { code: null, stdout: "", stderr: "" };
  // Both streams in the order of their arrival.
  let everything = "";
  const listeners = new Set<() => void>();
  const collect = (name: "stdout" | "stderr") => (chunk: Buffer) => {
    output[name] += chunk.toString();
    everything += chunk.toString();
    for (const listener of listeners) listener();
  };
  child.stdout.on("data", collect("stdout"));
  child.stderr.on("data", collect("stderr"));
  const outcome = new Promise<Outcome>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => resolve({ ...output, code }));
  });
  const until = (pattern: RegExp): Promise<void> =>
    new Promise((resolve, reject) => {
      const look = (): void => {
        if (!pattern.test(everything)) return;
        listeners.delete(look);
        resolve();
      };
      listeners.add(look);
      look();
      void outcome.then(
        ({ stdout, stderr }) => reject(new Error(`ended before ${pattern}:\n${stdout}${stderr}`)),
        reject,
      );
    });
  return { process: child, outcome, until };
}

/** A command of `keeper/cli/`, run to its end. */
export function run(command: string, args: readonly string[], env: Record<string, string> = {}): Promise<Outcome> {
  return start(`keeper/cli/${command}.ts`, args, env).outcome;
}

/** Exit code 1, one sentence on stderr, no stack trace, nothing on stdout. */
export function expectRefusal(outcome: Outcome, message: RegExp): void {
  expect(outcome.code, outcome.stderr).to.equal(1);
  expect(outcome.stderr).to.match(message);
  expect(outcome.stderr).to.not.match(/^\s+at /m);
  expect(outcome.stdout).to.equal("");
}
