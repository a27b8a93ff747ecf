/** What a receipt says happened: events of our own contracts, by name. */
import type { Log, Result, TransactionReceipt } from "ethers";
import { type Contracts, interfaceOf } from "./contracts.ts";
import { SnapshotError } from "./errors.ts";

export type EmittingContract =
  | "auctions"
  | "controller"
  | "fundingOracle"
  | "market"
  | "optionToken"
  | "quoteToken"
  | "realisedVolatility"
  | "vault";

/** An event's values, by the names of the ABI. */
export class EventValues {
  readonly #args: Result;

  constructor(args: Result) {
    this.#args = args;
  }

  big(name: string): bigint {
    return BigInt(this.#args.getValue(name));
  }

  text(name: string): string {
    return String(this.#args.getValue(name));
  }
}

/** Events `name` among `logs` that the deployment's contract itself wrote, in order. */
export function eventsIn(
  logs: readonly Pick<Log, "address" | "topics" | "data">[],
  { contracts, from, name }: { contracts: Contracts; from: EmittingContract; name: string },
): EventValues[] {
  const address = contracts.deployment.contracts[from].toLowerCase();
  const abi = interfaceOf(from);
  return logs
    .filter((log) => log.address.toLowerCase() === address)
    .map((log) => abi.parseLog(log))
    .filter((parsed) => parsed !== null && parsed.name === name)
    .map((parsed) => new EventValues(parsed!.args));
}

/** The one event that a successful call must have written. @throws {SnapshotError} when it is not there. */
export function eventOf(
  receipt: TransactionReceipt,
  query: { contracts: Contracts; from: EmittingContract; name: string },
): EventValues {
  const event = eventsIn(receipt.logs, query)[0];
  if (event === undefined) {
    throw new SnapshotError(
      `${receipt.hash} succeeded without the event ${query.name} of ${query.contracts.deployment.contracts[query.from]}: the deployment file and the compiled contracts do not belong together; run \`npm run build\` and \`npm run chain\` again`,
    );
  }
  return event;
}
