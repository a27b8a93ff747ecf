import { expect } from "chai";
import { type BytesLike, Transaction, Wallet } from "ethers";
import { errorInterface } from "../../keeper/contracts.ts";
import {
  BallastError,
  GasLimitExceededError,
  InsufficientGasFundsError,
  NonceConflictError,
  ReceiptTimeoutError,
  RpcFailedError,
  RpcUnreachableError,
  SendRejectedError,
  SimulationRevertedError,
  TransactionRevertedError,
} from "../../keeper/errors.ts";
import { openProvider } from "../../keeper/rpc.ts";
import { MAX_TRANSACTION_GAS, type SendOptions, type SentTransaction, sendTransaction } from "../../keeper/tx/send.ts";
import { rejection } from "../helpers/rejection.ts";
import { type FakeNode, fakeNode, HttpStatus, NodeError, SILENCE } from "../helpers/rpc.ts";

const KEY = `0x${"42".repeat(32)}`;
const signer = new Wallet(KEY);
const HASH = `0x${"ab".repeat(32)}`;
const withinBand = errorInterface().encodeErrorResult("WithinBand", [10n ** 16n, 10n ** 18n] as unknown as BytesLike[]);

const receipt = (status: number): object => ({
  transactionHash: HASH,
  transactionIndex: "0x0",
  blockHash: `0x${"cd".repeat(32)}`,
  blockNumber: "0x65",
  from: signer.address,
  to: signer.address,
  contractAddress: null,
  cumulativeGasUsed: "0x5208",
  gasUsed: "0x5208",
  effectiveGasPrice: "0x1",
  logs: [],
  logsBloom: `0x${"00".repeat(256)}`,
  status: status === 1 ? "0x1" : "0x0",
  type: "0x2",
});

/** A node where everything works, by method. */
const healthy: Readonly<Record<string, () => unknown>> = {
  eth_call: () => "0x",
  eth_getTransactionCount: () => "0x7",
  eth_feeHistory: () => ({
    baseFeePerGas: ["0x64", "0xc8"],
    reward: [["0x3b9aca00"]],
    gasUsedRatio: [0.5],
    oldestBlock: "0x64",
  }),
  eth_estimateGas: () => "0x186a0",
  eth_sendRawTransaction: () => HASH,
  eth_getTransactionReceipt: () => receipt(1),
};

describe("sending a transaction", () => {
  let node: FakeNode;
  let raw: string | undefined;
  let calls: unknown[][];

  afterEach(async () => {
    await node.close();
  });

  /** Sends against a healthy node with some methods replaced. */
  async function send(
    changes: Record<string, () => unknown> = {},
    options: Partial<SendOptions> = {},
  ): Promise<SentTransaction> {
    raw = undefined;
    calls = [];
    node = await fakeNode((method, params) => {
      if (method === "eth_sendRawTransaction") raw = String(params[0]);
      if (method === "eth_call") calls.push(params);
      const answer = changes[method] ?? healthy[method];
      if (answer === undefined) throw new NodeError(`no such method: ${method}`);
      return answer();
    });
    const provider = openProvider({ url: node.url, chainId: 31_337, timeoutMs: 500 });
    try {
      return await sendTransaction({
        provider,
        signer,
        chainId: 31_337,
        rpcUrl: node.url,
        call: { to: signer.address, data: "0x12345678" },
        what: "hedge",
        simulateAt: 100,
        ...options,
      });
    } finally {
      provider.destroy();
    }
  }

  async function failure(changes: Record<string, () => unknown>, options: Partial<SendOptions> = {}): Promise<Error> {
    const error = await rejection(send(changes, options));
    expect(error).to.be.instanceOf(BallastError);
    return error as Error;
  }

  it("signs the chain's own nonce, fees and half as much gas again as estimated", async () => {
    const sent = await send();
    expect(sent.hash).to.equal(HASH);
    expect(sent.blockNumber).to.equal(101);
    const transaction = Transaction.from(raw!);
    expect(transaction.from).to.equal(signer.address);
    expect(transaction.chainId).to.equal(31_337n);
    expect(transaction.nonce).to.equal(7);
    expect(transaction.gasLimit).to.equal(150_000n);
    expect(transaction.maxPriorityFeePerGas).to.equal(10n ** 9n);
    expect(transaction.maxFeePerGas).to.equal(10n ** 9n + 400n);
    expect(transaction.data).to.equal("0x12345678");
  });

  it("simulates at the block of the decision, as the sender", async () => {
    await send();
    expect(calls).to.have.length(1);
    expect(calls[0]![0]).to.include({ from: signer.address, data: "0x12345678" });
    expect(calls[0]![1]).to.equal("0x64");
  });

  it("makes six requests", async () => {
    await send();
    expect(node.methods).to.have.length(6);
  });

  it("estimates nothing when the gas limit is given", async () => {
    await send({}, { gasLimit: 1_000_000n });
    expect(node.methods).to.not.include("eth_estimateGas");
    expect(Transaction.from(raw!).gasLimit).to.equal(1_000_000n);
  });

  it("never signs more gas than one transaction may use", async () => {
    await send({ eth_estimateGas: () => `0x${(MAX_TRANSACTION_GAS - 1n).toString(16)}` });
    expect(Transaction.from(raw!).gasLimit).to.equal(MAX_TRANSACTION_GAS);
  });

  it("waits for the receipt", async () => {
    let looks = 0;
    const sent = await send({ eth_getTransactionReceipt: () => (++looks < 4 ? null : receipt(1)) });
    expect(looks).to.equal(4);
    expect(sent.receipt.status).to.equal(1);
  });

  it("waits on when a look for the receipt fails", async () => {
    let looks = 0;
    await send({ eth_getTransactionReceipt: () => (++looks === 1 ? new HttpStatus(500) : receipt(1)) });
    expect(looks).to.equal(2);
  });

  const silent = (
    name: string,
    expected: typeof BallastError,
    message: RegExp,
    changes: Record<string, () => unknown>,
  ): void => {
    it(`sends nothing when ${name}`, async () => {
      const error = await failure(changes);
      expect(error).to.be.instanceOf(expected);
      expect(error.message).to.match(message);
      expect(raw, "a transaction was broadcast").to.equal(undefined);
    });
  };
  const fail = (error: Error) => (): never => {
    throw error;
  };
  silent(
    "the simulation reverts",
    SimulationRevertedError,
    /^hedge: nothing was sent.*WithinBand: net delta \+0\.01 ETH/,
    {
      eth_call: fail(new NodeError("execution reverted", { code: 3, data: withinBand })),
    },
  );
  silent("the simulation reverts without data", SimulationRevertedError, /would revert: execution reverted/, {
    eth_call: fail(new NodeError("execution reverted", { code: -32000 })),
  });
  silent("the estimate reverts", SimulationRevertedError, /WithinBand/, {
    eth_estimateGas: fail(new NodeError("execution reverted", { code: 3, data: withinBand })),
  });
  silent("it needs more gas than a transaction may use", GasLimitExceededError, /16777217 gas/, {
    eth_estimateGas: () => `0x${(MAX_TRANSACTION_GAS + 1n).toString(16)}`,
  });
  silent("the account cannot pay for gas", InsufficientGasFundsError, /cannot pay for gas/, {
    eth_estimateGas: fail(new NodeError("insufficient funds for gas * price + value")),
  });
  silent("the node fails while the nonce is read", RpcFailedError, /HTTP 503/, {
    eth_getTransactionCount: () => new HttpStatus(503),
  });
  silent("the node does not answer in time", RpcUnreachableError, /TIMEOUT/, {
    eth_feeHistory: () => SILENCE,
  });

  it("says that another transaction has the nonce", async () => {
    for (const message of ["nonce too low", "replacement transaction underpriced", "already known"]) {
      const error = await failure({ eth_sendRawTransaction: fail(new NodeError(message)) });
      expect(error).to.be.instanceOf(NonceConflictError);
      expect(error.message).to.contain("nonce 7");
      await node.close();
    }
    await send();
  });

  it("keeps the node's words when it refuses for a reason of its own", async () => {
    const error = await failure({ eth_sendRawTransaction: fail(new NodeError("transaction type not supported")) });
    expect(error).to.be.instanceOf(SendRejectedError);
    expect(error.message).to.contain("transaction type not supported");
  });

  it("says that it may have been sent when the node dies while taking it", async () => {
    const error = await failure({ eth_sendRawTransaction: () => new HttpStatus(502) });
    expect(error).to.be.instanceOf(ReceiptTimeoutError);
    expect(error.message).to.match(/may have been sent \(nonce 7/);
  });

  it("gives up after the time allowed, and names the transaction", async () => {
    const error = await failure({ eth_getTransactionReceipt: () => null }, { receiptTimeoutMs: 100 });
    expect(error).to.be.instanceOf(ReceiptTimeoutError);
    expect(error.message).to.contain(HASH);
  });

  it("reports a revert that was mined, with its reason", async () => {
    let simulations = 0;
    const error = await failure({
      eth_getTransactionReceipt: () => receipt(0),
      eth_call: () => {
        if (++simulations === 1) return "0x";
        throw new NodeError("execution reverted", { code: 3, data: withinBand });
      },
    });
    expect(error).to.be.instanceOf(TransactionRevertedError);
    expect(error.message).to.match(/mined in block 101 and reverted: WithinBand/);
  });

  it("reports a revert that a development node throws from the send itself", async () => {
    const error = await failure({
      eth_sendRawTransaction: fail(
        new NodeError("reverted", { code: 3, data: { data: withinBand, transactionHash: HASH } }),
      ),
    });
    expect(error).to.be.instanceOf(TransactionRevertedError);
    expect(error.message).to.contain("WithinBand");
  });

  it("never puts the key or the URL's path into a message", async () => {
    const failures: Record<string, () => unknown>[] = [
      { eth_getTransactionCount: () => new HttpStatus(401) },
      { eth_sendRawTransaction: fail(new NodeError("nonce too low")) },
      { eth_feeHistory: () => SILENCE },
    ];
    for (const changes of failures) {
      const error = await failure(changes, { rpcUrl: "http://user:hunter2@rpc.example/v2/s3cr3t" });
      expect(error.message).to.not.match(/hunter2|s3cr3t|424242/);
      await node.close();
    }
    await send();
  });
});
