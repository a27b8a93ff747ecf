/**
 * Reads a deployment back and compares it with what it must be.
 *
 * Wiring: every getter of every contract that takes nothing and returns one address is asked, and one name means one
 * address everywhere. A getter that the table does not know is a fault, too: a new immutable cannot go unchecked.
 * Roles: whoever holds one is found in the AccessManager's own events, so that nobody holds one unseen.
 */
import { Contract, Interface, type Provider, type Signer, ZeroAddress } from "ethers";
import { ballastArtifact, type ContractArtifact } from "../local-chain/artifacts.ts";
import { type BallastParameters, settingsOf } from "./parameters.ts";
import { ARTIFACTS, type BallastAddresses, PARTS, type PartName } from "./parts.ts";
import { membersOf, RESTRICTED, ROLES } from "./roles.ts";

/** The deployed system is not wired or not owned as it must be. */
export class DeploymentCheckError extends Error {
  override name = "DeploymentCheckError";
}

export interface DeploymentCheck {
  readonly parameters: BallastParameters;
  readonly addresses: BallastAddresses;
  /** A block before the AccessManager was deployed; 0 unless told. */
  readonly fromBlock?: number;
}

/** @throws {DeploymentCheckError} with one sentence for each thing that is wrong. */
export async function checkDeployment(check: DeploymentCheck): Promise<void> {
  // Of contracts that are not what they should be nothing more can be asked.
  for (const part of [checkPresence, checkWiring, checkRoles]) {
    const faults = await part(check);
    if (faults.length > 0) throw new DeploymentCheckError(faults.join("\n"));
  }
}

async function checkPresence({ parameters, addresses }: DeploymentCheck): Promise<string[]> {
  const codes = await Promise.all(PARTS.map((part) => parameters.deployer.provider?.getCode(addresses[part])));
  return PARTS.filter((_, place) => codes[place] === "0x").map(
    (part) => `there is no contract at ${addresses[part]}, where ${part} should be`,
  );
}

/** What each address getter must say, whichever contract has it. */
function wiring({ parameters, addresses: at }: DeploymentCheck): Readonly<Record<string, string>> {
  const { quoteToken, feed, pull, sequencer, quoteFeed } = parameters;
  return {
    authority: at.accessManager,
    market: at.market,
    vault: at.vault,
    token: at.optionToken,
    optionToken: at.optionToken,
    riskEngine: at.riskEngine,
    saleLimits: at.saleLimits,
    pricer: at.pricer,
    controller: at.controller,
    venue: at.venue,
    auctions: at.auctions,
    oracle: at.oracle,
    spotOracle: at.oracle,
    gasPriceOracle: at.gasPriceOracle,
    realised: at.realisedVolatility,
    surface: at.surface,
    funding: at.fundingOracle,
    venueList: at.controller,
    expiryPrices: at.expiryPriceOracle,
    quoteToken,
    asset: quoteToken,
    feed,
    push: feed,
    pull: pull?.pyth ?? ZeroAddress,
    pyth: pull?.pyth ?? ZeroAddress,
    sequencer: sequencer ?? ZeroAddress,
    quoteFeed: quoteFeed ?? ZeroAddress,
  };
}

async function checkWiring(check: DeploymentCheck): Promise<string[]> {
  const { parameters, addresses } = check;
  const expected = wiring(check);
  const runner = parameters.deployer;
  const faults: string[] = [];
  await Promise.all(
    PARTS.flatMap((part) => {
      const { abi } = artifactOf(part, parameters);
      const contract = new Contract(addresses[part], abi, runner);
      return addressGetters(abi).map(async (getter) => {
        const wanted = part === "venue" ? venueNames(parameters, expected)[plain(getter)] : expected[plain(getter)];
        // What a venue's protocol consists of is the venue's own affair.
        if (wanted === undefined && part === "venue") return;
        if (wanted === undefined) {
          faults.push(`nothing says what ${part}.${getter} must be: add it to the table of the deployment check`);
          return;
        }
        faults.push(...differs(`${part}.${getter}`, await read(contract, getter), wanted));
      });
    }),
  );
  const ids = await Promise.all(
    (["oracle", "expiryPriceOracle"] as const).map(async (part) => {
      const contract = new Contract(addresses[part], artifactOf(part, parameters).abi, runner);
      return differs(`${part}.pullId`, await read(contract, "pullId"), parameters.pull?.id ?? `0x${"0".repeat(64)}`);
    }),
  );
  const surface = new Contract(addresses.surface, artifactOf("surface", parameters).abi, runner);
  const { surfaceHeartbeatSeconds } = settingsOf(parameters);
  const heartbeat = differs("surface.heartbeat", await read(surface, "heartbeat"), String(surfaceHeartbeatSeconds));
  return [...faults, ...ids.flat(), ...heartbeat];
}

function venueNames(parameters: BallastParameters, expected: Readonly<Record<string, string>>): Record<string, string> {
  const { controller, vault, quoteToken } = expected;
  return { controller: controller!, vault: vault!, quoteToken: quoteToken!, ...parameters.venue.names };
}

async function checkRoles(check: DeploymentCheck): Promise<string[]> {
  try {
    return (await Promise.all([checkFunctions(check), checkMembers(check)])).flat();
  } catch (cause) {
    throw new DeploymentCheckError(`${check.addresses.accessManager} does not answer as an AccessManager does`, {
      cause,
    });
  }
}

/** Each restricted function has its one role, every other function none, and no contract is closed. */
async function checkFunctions({ parameters, addresses }: DeploymentCheck): Promise<string[]> {
  const manager = managerOf(addresses, parameters.deployer);
  const faults: string[] = [];
  await Promise.all(
    PARTS.map(async (part) => {
      const target = addresses[part];
      const roles: Readonly<Record<string, bigint>> =
        part in RESTRICTED ? RESTRICTED[part as keyof typeof RESTRICTED] : {};
      const found = new Set<string>();
      for (const fragment of transactions(artifactOf(part, parameters).abi)) {
        const role = await manager.getFunction("getTargetFunctionRole")(target, fragment.selector);
        found.add(fragment.name);
        faults.push(
          ...differs(`the role of ${part}.${fragment.name}`, String(role), String(roles[fragment.name] ?? 0n)),
        );
      }
      for (const name of Object.keys(roles)) if (!found.has(name)) faults.push(`${part} has no function ${name}`);
      faults.push(
        ...differs(`${part} is closed`, String(await manager.getFunction("isTargetClosed")(target)), "false"),
      );
    }),
  );
  return faults;
}

/** Exactly those hold a role who should, none of them with a delay. */
async function checkMembers({ parameters, addresses, fromBlock = 0 }: DeploymentCheck): Promise<string[]> {
  const manager = managerOf(addresses, parameters.deployer);
  const expected = membersOf({ ...parameters, autoLister: addresses.autoLister });
  const events = await manager.queryFilter("RoleGranted", fromBlock);
  const granted = events.map((event) => {
    const parsed = manager.interface.parseLog(event);
    return { role: parsed?.args.getValue("roleId") as bigint, account: parsed?.args.getValue("account") as string };
  });
  const wanted = [...expected].flatMap(([role, members]) => members.map((account) => ({ role, account })));
  const faults: string[] = [];
  const key = ({ role, account }: { role: bigint; account: string }) => `${role} ${account.toLowerCase()}`;
  const should = new Set(wanted.map(key));
  const everybody = new Map([...granted, ...wanted].map((one) => [key(one), one]));
  for (const [name, { role, account }] of everybody) {
    const [isMember, delay] = await manager.getFunction("hasRole")(role, account);
    const what = `${account} is ${roleName(role)}`;
    faults.push(...differs(what, String(isMember), String(should.has(name))));
    if (should.has(name)) faults.push(...differs(`the delay of ${account} as ${roleName(role)}`, String(delay), "0"));
  }
  return faults;
}

const roleName = (role: bigint): string =>
  Object.entries(ROLES)
    .find(([, number]) => number === role)?.[0]
    .toUpperCase() ?? `role ${role}`;

const managerOf = (addresses: BallastAddresses, runner: Signer | Provider): Contract =>
  new Contract(addresses.accessManager, ballastArtifact(ARTIFACTS.accessManager).abi, runner);

const artifactOf = (part: PartName, { venue }: BallastParameters): ContractArtifact =>
  part === "venue" ? venue.artifact : ballastArtifact(ARTIFACTS[part]);

function differs(what: string, found: string, wanted: string): string[] {
  return found.toLowerCase() === wanted.toLowerCase() ? [] : [`${what} is ${found}, expected ${wanted}`];
}

/** What a getter says, or a word for its silence. */
async function read(contract: Contract, getter: string): Promise<string> {
  try {
    return String(await contract.getFunction(getter)());
  } catch {
    return "unreadable";
  }
}

/** Names of the functions that take nothing and return one address. */
function addressGetters(abi: ContractArtifact["abi"]): string[] {
  return functionsOf(abi)
    .filter(({ inputs, outputs, stateMutability }) => {
      const isRead = stateMutability === "view" || stateMutability === "pure";
      return isRead && inputs.length === 0 && outputs.length === 1 && outputs[0]?.type === "address";
    })
    .map(({ name }) => name);
}

const transactions = (abi: ContractArtifact["abi"]) =>
  functionsOf(abi).filter(({ stateMutability }) => stateMutability === "nonpayable" || stateMutability === "payable");

function functionsOf(abi: ContractArtifact["abi"]) {
  const functions: NonNullable<ReturnType<Interface["getFunction"]>>[] = [];
  Interface.from(abi).forEachFunction((fragment) => functions.push(fragment));
  return functions;
}

/** `CLEARING_HOUSE` is called as `clearingHouse` is. */
function plain(getter: string): string {
  if (!/^[A-Z0-9_]+$/.test(getter)) return getter;
  return getter.toLowerCase().replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}
