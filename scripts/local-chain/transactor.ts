import { BaseWallet, ContractFactory, getCreateAddress, Interface, type Signer, type TransactionRequest } from "ethers";
import type { ContractArtifact } from "./artifacts.ts";
import { type DevProvider, devProviderOf } from "./provider.ts";

export class TransactionFailedError extends Error {
  constructor(label: string, cause: unknown) {
    super(`The transaction "${label}" failed: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
    this.name = "TransactionFailedError";
  }
}

/** Curie's trades need more than the estimate says; no transaction on the local chain may use more than 16.78M. */
const GAS_LIMIT = 16_000_000n;

interface SentTransaction {
  readonly label: string;
  readonly hash: string;
}

/**
 * Sends a long row of transactions from one account without waiting for each: nonces are counted here, gas limit and
 * fees are given, addresses are computed before the contract exists. `confirm()` waits for all and checks each.
 */
export class Transactor {
  readonly address: string;
  readonly #signer: Signer;
  readonly #provider: DevProvider;
  readonly #fees: Pick<TransactionRequest, "maxFeePerGas" | "maxPriorityFeePerGas" | "chainId" | "type">;
  #nonce: number;
  #sent: SentTransaction[] = [];

  private constructor(signer: Signer, address: string, nonce: number, chainId: bigint, maxFeePerGas: bigint) {
    this.#signer = signer;
    this.#provider = devProviderOf(signer);
    this.address = address;
    this.#nonce = nonce;
    this.#fees = { type: 2, chainId, maxFeePerGas, maxPriorityFeePerGas: 0n };
  }

  static async create(signer: Signer): Promise<Transactor> {
    const provider = devProviderOf(signer);
    const address = await signer.getAddress();
    const [nonce, network, block] = await Promise.all([
      provider.getTransactionCount(address, "pending"),
      provider.getNetwork(),
      provider.getBlock("latest"),
    ]);
    // The base fee of a local chain falls; twice today's is room enough.
    return new Transactor(signer, address, nonce, network.chainId, 2n * (block?.baseFeePerGas ?? 0n) + 1n);
  }

  /** The chain's latest block. */
  async blockNumber(): Promise<number> {
    return this.#provider.getBlockNumber();
  }

  /** The address that this account's transaction number `ahead` from now would create. */
  addressAhead(ahead: number): string {
    return getCreateAddress({ from: this.address, nonce: this.#nonce + ahead });
  }

  async deploy(label: string, artifact: ContractArtifact, args: readonly unknown[] = []): Promise<string> {
    const created = this.addressAhead(0);
    const factory = new ContractFactory(artifact.abi, artifact.bytecode);
    const { data } = await factory.getDeployTransaction(...args);
    await this.#send(`deploy ${label}`, { data });
    return created;
  }

  async call(
    to: string,
    artifact: Pick<ContractArtifact, "abi">,
    method: string,
    args: readonly unknown[] = [],
  ): Promise<void> {
    const data = Interface.from(artifact.abi).encodeFunctionData(method, args);
    await this.#send(method, { to, data });
  }

  async confirm(): Promise<void> {
    const sent = this.#sent;
    this.#sent = [];
    await Promise.all(
      sent.map(async ({ label, hash }) => {
        try {
          const receipt =
            (await this.#provider.getTransactionReceipt(hash)) ?? (await this.#provider.waitForTransaction(hash));
          if (receipt?.status !== 1) throw new Error("it was mined and reverted");
        } catch (cause) {
          throw new TransactionFailedError(label, cause);
        }
      }),
    );
  }

  async #send(label: string, request: TransactionRequest): Promise<void> {
    const nonce = this.#nonce++;
    try {
      const hash = await this.#broadcast({ ...request, ...this.#fees, nonce, gasLimit: GAS_LIMIT });
      this.#sent.push({ label, hash });
    } catch (cause) {
      throw new TransactionFailedError(label, cause);
    }
  }

  /** A wallet's own way to send asks for the newest block each time, which nobody needs here. */
  async #broadcast(transaction: TransactionRequest): Promise<string> {
    if (!(this.#signer instanceof BaseWallet)) return (await this.#signer.sendTransaction(transaction)).hash;
    const raw = await this.#signer.signTransaction(transaction);
    return (await this.#provider.send("eth_sendRawTransaction", [raw])) as string;
  }
}
