import { JsonRpcProvider, Network, type Provider, type Signer } from "ethers";

/** A provider of a chain whose clock we may set. Hardhat's own and ethers' `JsonRpcProvider` both are. */
export interface DevProvider extends Provider {
  send(method: string, params: unknown[]): Promise<unknown>;
}

export class NotADevProviderError extends Error {
  constructor() {
    super("This signer's provider cannot set the clock of the chain. Use a local Hardhat chain.");
    this.name = "NotADevProviderError";
  }
}

/** The signer's provider, when it can send `evm_*` requests. */
export function devProviderOf(signer: Signer): DevProvider {
  const provider = signer.provider;
  if (provider === null || !("send" in provider)) throw new NotADevProviderError();
  return provider as DevProvider;
}

/**
 * A provider for a chain on this machine. Compared with ethers' defaults it never serves a cached answer, does not
 * hold a request back 10 ms to batch it (a market step takes 31 ms instead of 80), and polls often. Destroy it when
 * done, or the process stays.
 */
export function connectLocalRpc(options: { readonly url: string; readonly chainId: number }): JsonRpcProvider {
  const network = Network.from(options.chainId);
  return new JsonRpcProvider(options.url, network, {
    staticNetwork: network,
    cacheTimeout: -1,
    batchStallTime: 0,
    pollingInterval: 20,
  });
}
