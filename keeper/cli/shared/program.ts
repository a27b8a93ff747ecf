/** How every command starts and ends: options, one sentence on stderr for what a person can act on, the exit code. */
import { Command } from "commander";
import { BallastError } from "../../errors.ts";

export interface CommonOptions {
  deployment: string;
  rpc?: string;
}

/** @param name As in `npm run <name>`. */
export function program(name: string, description: string): Command {
  return new Command(name)
    .description(description)
    .option(
      "--deployment <file>",
      "the deployment file that `npm run chain` or a deployment wrote",
      "deployments/local.json",
    )
    .option("--rpc <url>", "the node, when not the one in the deployment file")
    .allowExcessArguments(false)
    .showHelpAfterError(`(\`npm run ${name} -- --help\` shows what is expected)`);
}

/** Runs to the end and sets the exit code: 1 after a failure. Faults of ours keep their stack trace. */
export async function runMain(main: () => Promise<void>): Promise<void> {
  try {
    await main();
  } catch (error) {
    process.exitCode = 1;
    console.error(error instanceof BallastError ? `error: ${error.message}` : error);
  }
}
