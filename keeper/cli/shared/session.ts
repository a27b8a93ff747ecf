/** What a command works with: a reachable node of the right chain, the contracts, and whoever signs. */
import { type ContractTransaction, type JsonRpcProvider, Wallet } from "ethers";
import { type Contracts, connectContracts } from "../../contracts.ts";
import { type Deployment, readDeployment } from "../../deployment.ts";
import { InputError, KeyError } from "../../errors.ts";
import { asReadError } from "../../explain.ts";
import { assertChain, openProvider } from "../../rpc.ts";
import { type Call, type SentTransaction, sendTransaction } from "../../tx/send.ts";
import { DEFAULT_UNITS, type Units } from "../../units.ts";
import type { CommonOptions } from "./program.ts";

/** Hardhat's chain id: its accounts' keys are known to everybody. */
const LOCAL_CHAIN_ID = 31_337;

export interface Session {
  deployment: Deployment;
  provider: JsonRpcProvider;
  contracts: Contracts;
  units: Units;
}

/** An account that signs, under the name that messages use. */
export interface Actor {
  name: string;
  wallet: Wallet;
}

/** Checks the deployment file, the node and the chain id before anything else. */
export async function openSession(options: CommonOptions): Promise<Session> {
  const file = readDeployment(options.deployment);
  const rpcUrl = options.rpc ?? file.rpcUrl;
  if (!/^https?:$/.test(URL.canParse(rpcUrl) ? new URL(rpcUrl).protocol : "")) {
    throw new InputError("--rpc: expected a URL that starts with http:// or https://, got something else");
  }
  const deployment = { ...file, rpcUrl };
  const target = { url: rpcUrl, chainId: deployment.chainId };
  const provider = openProvider(target);
  await assertChain(provider, target);
  const contracts = connectContracts(deployment, provider);
  const [symbol, decimals] = await Promise.all([
    read(contracts, () => contracts.quoteToken.symbol()),
    read(contracts, () => contracts.quoteToken.decimals()),
  ]);
  return {
    deployment,
    provider,
    contracts,
    units: { ...DEFAULT_UNITS, quote: symbol, quoteDecimals: Number(decimals) },
  };
}

/** A read, with its failure as one of our errors. */
export async function read<T>(
  { deployment }: Contracts,
  request: () => Promise<T>,
  what = "the deployment cannot be read",
): Promise<T> {
  try {
    return await request();
  } catch (error) {
    throw asReadError(error, { what, rpcUrl: deployment.rpcUrl });
  }
}

const isLocal = ({ deployment }: Session): boolean =>
  deployment.chainId === LOCAL_CHAIN_ID && deployment.local !== undefined;

/**
 * The account named with `--as` on a local chain; elsewhere the key in BALLAST_PRIVATE_KEY.
 * @param fallback Who plays this part on a local chain when nobody is named.
 */
export function actorOf(session: Session, as: string | undefined, fallback: string): Actor {
  const key = process.env.BALLAST_PRIVATE_KEY;
  if (as === undefined && key !== undefined && key !== "") {
    const wallet = walletOf(key, "BALLAST_PRIVATE_KEY");
    return { name: wallet.address, wallet };
  }
  if (!isLocal(session)) {
    throw new KeyError(
      "set BALLAST_PRIVATE_KEY to the key to sign with: only a local chain has accounts that --as can name",
    );
  }
  const accounts = session.deployment.local!.accounts;
  const name = as ?? fallback;
  const account = Object.hasOwn(accounts, name) ? accounts[name] : undefined;
  if (account === undefined) {
    throw new InputError(`--as: expected one of ${Object.keys(accounts).join(", ")}, got "${name}"`);
  }
  return { name, wallet: new Wallet(account.privateKey) };
}

/** The keeper's key: from KEEPER_PRIVATE_KEY, on a local chain else the deployment's own keeper account. */
export function keeperOf(session: Session): Actor {
  const key = process.env.KEEPER_PRIVATE_KEY;
  if (key !== undefined && key !== "") {
    const wallet = walletOf(key, "KEEPER_PRIVATE_KEY");
    return { name: wallet.address, wallet };
  }
  const account = isLocal(session) ? session.deployment.local!.accounts.keeper : undefined;
  if (account === undefined) {
    throw new KeyError(
      "set KEEPER_PRIVATE_KEY to the key of an account with the keeper role: expected 0x and 64 hex digits, it is not set",
    );
  }
  return { name: "keeper", wallet: new Wallet(account.privateKey) };
}

/** The key itself never enters a message. */
function walletOf(key: string, variable: string): Wallet {
  const trimmed = key.trim();
  if (!/^(0x)?[0-9a-fA-F]{64}$/.test(trimmed)) {
    throw new KeyError(
      `${variable}: expected 0x and 64 hex digits, got ${trimmed.length} characters that are not that (not shown)`,
    );
  }
  try {
    return new Wallet(trimmed);
  } catch (cause) {
    throw new KeyError(
      `${variable}: expected a private key between 1 and the order of the curve, got another number (not shown)`,
      { cause },
    );
  }
}

/** The local chain's name of an address, or the address. */
export function nameOf({ deployment }: Session, address: string): string {
  const named = Object.entries(deployment.local?.accounts ?? {}).find(
    ([, account]) => account.address.toLowerCase() === address.toLowerCase(),
  );
  return named === undefined ? address : named[0];
}

/** Sends one call as `actor`, simulated at the newest block first. */
export function sendCall(
  { provider, deployment, units }: Session,
  actor: Actor,
  { what, call }: { what: string; call: Call },
): Promise<SentTransaction> {
  const { chainId, rpcUrl } = deployment;
  return sendTransaction({
    provider,
    signer: actor.wallet,
    chainId,
    rpcUrl,
    call,
    what,
    simulateAt: "latest",
    units,
  });
}

/** {@link sendCall} for what a contract's `populateTransaction` gives. */
export function send(
  session: Session,
  actor: Actor,
  { what, transaction }: { what: string; transaction: ContractTransaction },
): Promise<SentTransaction> {
  const { to, data, value } = transaction;
  return sendCall(session, actor, { what, call: value === undefined ? { to, data } : { to, data, value } });
}

/** True on a chain where the quote token can be minted and the keys are known. */
export const canMint = isLocal;
