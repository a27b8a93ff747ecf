/** The deployment's pull feed: updates from its service, and what the chain takes for them. */
import { Contract } from "ethers";
import type { Contracts } from "../contracts.ts";
import { BallastError } from "../errors.ts";
import { asReadError } from "../explain.ts";
import { type FetchPullUpdate, WINDOW_SECONDS } from "../settlement.ts";
import { HermesAnswerError, HermesClient, type PublishedPrice } from "./hermes.ts";

/** What a transaction brings along, and the fee for it. */
export interface FreshPrice {
  readonly updateData: readonly string[];
  readonly feeWei: bigint;
  readonly price: PublishedPrice;
}

/** Older ones do not count on chain: SpotOracle. */
const MAX_AGE_SECONDS = 10n;
const PYTH = ["function getUpdateFee(bytes[] updateData) view returns (uint256)"];

export class PriceService {
  readonly #contracts: Contracts;
  readonly #client: HermesClient;
  readonly #id: string;
  readonly #pyth: Contract;

  constructor(contracts: Contracts, { pyth, id, serviceUrl }: { pyth: string; id: string; serviceUrl: string }) {
    this.#contracts = contracts;
    this.#client = new HermesClient({ url: serviceUrl });
    this.#id = id;
    this.#pyth = new Contract(pyth, PYTH, contracts.provider);
  }

  /** The service of the deployment file, unless another is named; undefined when there is none. */
  static of(contracts: Contracts, serviceUrl?: string): PriceService | undefined {
    const { pull } = contracts.deployment;
    const url = serviceUrl ?? pull?.serviceUrl;
    return pull === undefined || url === undefined
      ? undefined
      : new PriceService(contracts, { ...pull, serviceUrl: url });
  }

  /** @throws {BallastError} when the service has none that is young enough. */
  async latest(nowSeconds: bigint): Promise<FreshPrice> {
    const { updateData, prices } = await this.#client.latest({
      ids: [this.#id],
      nowSeconds,
      maxAgeSeconds: MAX_AGE_SECONDS,
    });
    return { updateData, feeWei: await this.feeOf(updateData), price: prices[0]! };
  }

  /** What the pull feed takes for an update, in wei. */
  async feeOf(updateData: readonly string[]): Promise<bigint> {
    try {
      return await this.#pyth.getFunction("getUpdateFee")([...updateData]);
    } catch (error) {
      const { rpcUrl } = this.#contracts.deployment;
      throw asReadError(error, { what: "the pull feed does not tell its fee", rpcUrl });
    }
  }

  /** The first update from `expiry` on, when it can settle; in words why there is none. */
  firstFrom(expiry: bigint): FetchPullUpdate {
    return async () => {
      try {
        const { updateData, prices } = await this.#client.firstFrom({ ids: [this.#id], timestamp: expiry });
        const { price, expo, publishTime } = prices[0]!;
        if (publishTime > expiry + WINDOW_SECONDS) return "the first update was published after the window";
        if (price <= 0n || expo > 0 || expo < -18) throw new HermesAnswerError(`a price of ${price}e${expo}`);
        return { updateData, publishTime };
      } catch (error) {
        if (error instanceof BallastError) return error.message;
        throw error;
      }
    };
  }
}
