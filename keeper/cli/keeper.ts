/** `npm run keeper -- --deployment FILE [--once | --loop] [--dry-run] [--rpc URL] [--interval S]` */
import { setTimeout as sleep } from "node:timers/promises";
import { BallastError, InputError } from "../errors.ts";
import { readPolicy } from "../hedge/policy.ts";
import { assertKeeperRole, tick } from "../keeper.ts";
import { PriceService } from "../prices/service.ts";
import { hostOf } from "../rpc.ts";
import { type CommonOptions, program, runMain } from "./shared/program.ts";
import { keeperOf, openSession, type Session } from "./shared/session.ts";

interface KeeperOptions extends CommonOptions {
  once?: boolean;
  loop?: boolean;
  dryRun?: boolean;
  interval: string;
  prices?: string;
  chores: boolean;
}

const log = (line: string): void => console.log(line);

await runMain(async () => {
  const command = program(
    "keeper",
    "Hedges the vault, keeps its margin in the corridor, settles what has expired and brings what the oracles need.",
  )
    .option("--once", "one tick, then end (the default)")
    .option("--loop", "a tick every interval, until Ctrl-C")
    .option("--dry-run", "decide and simulate, send nothing")
    .option("--interval <seconds>", "seconds between ticks of --loop", "15")
    .option("--prices <url>", "the price service, when not the one in the deployment file")
    .option("--no-chores", "leave the oracles and the checkpoint to others");
  const options = command.parse().opts<KeeperOptions>();
  if (options.once === true && options.loop === true) {
    throw new InputError("--once and --loop: expected one of the two, got both");
  }
  const intervalMs = parseInterval(options.interval);
  const session = await openSession(options);
  const { deployment, contracts } = session;

  const keeper = keeperOf(session);
  await assertKeeperRole(contracts, keeper.wallet.address);
  const policy = await readPolicy(contracts);
  log(
    `keeper: account ${keeper.wallet.address}${keeper.name === "keeper" ? " (the local chain's well-known keeper key)" : ""} on chain ${deployment.chainId} at ${hostOf(deployment.rpcUrl)}${options.dryRun === true ? ", dry run" : ""}`,
  );

  const prices = PriceService.of(contracts, options.prices);
  const runTick = async (): Promise<void> => {
    const result = await tick({
      contracts,
      signer: keeper.wallet,
      policy,
      prices,
      ...(options.chores ? {} : { chores: false }),
      dryRun: options.dryRun === true,
      log,
      units: session.units,
    });
    if (result.steps.length === 0) log("nothing was sent");
  };
  if (options.loop === true) await loop(runTick, intervalMs, session);
  else await runTick();
});

function parseInterval(text: string): number {
  const seconds = /^[0-9]+(\.[0-9]+)?$/.test(text) ? Number(text) : 0;
  if (seconds < 0.1 || seconds > 86_400) {
    throw new InputError(`--interval: expected seconds from 0.1 to 86400, got "${text}"`);
  }
  return seconds * 1000;
}

/** A failed tick is a line, not the end: the next one reads everything afresh. A tick in progress is never cut off. */
async function loop(runTick: () => Promise<void>, intervalMs: number, { deployment }: Session): Promise<void> {
  const stop = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.once(signal, () => {
      log(`keeper: ${signal}: stopping after the tick in progress`);
      stop.abort();
    });
  }
  log(`keeper: a tick every ${intervalMs / 1000} s against ${hostOf(deployment.rpcUrl)}; Ctrl-C ends it`);
  let ticks = 0;
  let failures = 0;
  while (!stop.signal.aborted) {
    ticks++;
    try {
      await runTick();
    } catch (error) {
      if (!(error instanceof BallastError)) throw error;
      failures++;
      console.error(`tick ${ticks} failed, the next one follows in ${intervalMs / 1000} s: ${error.message}`);
    }
    await sleep(intervalMs, undefined, { signal: stop.signal }).catch(() => {});
  }
  log(`keeper: stopped after ${ticks} ${ticks === 1 ? "tick" : "ticks"}, ${failures} of them failed`);
}
