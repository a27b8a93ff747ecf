import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { AbiCoder, type BytesLike, Interface, id } from "ethers";
import { errorInterface } from "../../keeper/contracts.ts";
import { explainedErrors, explainRevert, revertDataOf } from "../../keeper/explain.ts";
import { encodeSeries } from "../../keeper/series.ts";

const WAD = 10n ** 18n;
const revert = (name: string, values: unknown[] = []): string =>
  errorInterface().encodeErrorResult(name, values as BytesLike[]);

/** Names of the errors that our own sources declare. */
function declaredErrors(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((path) => path.endsWith(".sol") && !/^(local|mocks)\//.test(path))
    .flatMap((path) =>
      [...readFileSync(join(folder, path), "utf8").matchAll(/^\s*error (\w+)\(/gm)].map((match) => match[1]!),
    );
}

describe("reverts as sentences", () => {
  it("name the error and its values in a person's units", () => {
    expect(explainRevert(revert("WithinBand", [(31n * WAD) / 1000n, WAD / 2n]))).to.equal(
      "WithinBand: net delta +0.031 ETH is inside the band ±0.50 ETH",
    );
    expect(explainRevert(revert("PremiumAboveLimit", [250_120_000n, 200_000_000n]))).to.equal(
      "PremiumAboveLimit: the premium is 250.12 USDC, above the most allowed, 200.00 USDC",
    );
    expect(explainRevert(revert("LeverageTooHigh", [600n * WAD, 3000n * WAD, (22n * WAD) / 100n]))).to.equal(
      "LeverageTooHigh: equity 600.00 USDC is below 22 % of the position's notional 3,000.00 USDC after the trade",
    );
    expect(explainRevert(revert("VaultClosed", [5]))).to.equal(
      "VaultClosed: deposits and withdrawals are closed: an expiry has passed and waits for settlement (`npm run settle`)",
    );
    expect(explainRevert(revert("NotTheFirstRound", [(1n << 64n) | 9n, (1n << 64n) | 8n, 1_767_945_600n]))).to.equal(
      "NotTheFirstRound: round 9 of phase 1 is not the first after expiry: round 8 of phase 1 of 2026-01-09 08:00:00 UTC is earlier",
    );
    expect(explainRevert(revert("SalesClosed", [4]))).to.equal(
      "SalesClosed: sales are closed: no volatility has been posted for too long",
    );
    expect(explainRevert(revert("AuctionOver", [7n, 4]))).to.equal(
      "AuctionOver: auction 7 sells nothing now: the curator has cancelled it",
    );
    expect(explainRevert(revert("RoundDeltaSpent", [3n * WAD, WAD]))).to.match(/allows 1\.00 ETH more delta/);
    const series = encodeSeries({ expiry: 1_767_945_600n, strikeWad: 3000n * WAD, isCall: true });
    expect(explainRevert(revert("SeriesNotListed", [series]))).to.equal(
      "SeriesNotListed: the series ETH-09JAN26-3000-C is not listed",
    );
  });

  it("use the token's own decimals and symbol", () => {
    const units = { underlying: "ETH", quote: "DAI", quoteDecimals: 18 };
    expect(explainRevert(revert("InsufficientIdle", [2n * WAD, WAD]), units)).to.equal(
      "InsufficientIdle: 2.00 DAI asked for, 1.00 DAI lie idle and free in the vault",
    );
  });

  it("have a sentence for every error that our contracts declare on the way of a user or a keeper", () => {
    const folder = new URL("../../contracts/", import.meta.url).pathname;
    const ofMath = new Set(declaredErrors(join(folder, "libraries")));
    const missing = declaredErrors(folder).filter((name) => !explainedErrors.includes(name) && !ofMath.has(name));
    expect(missing).to.deep.equal([]);
  });

  it("have no sentence for an error that no ABI has, and none that shows an undefined value", () => {
    const met = new Set<string>();
    errorInterface().forEachError((fragment) => {
      if (!explainedErrors.includes(fragment.name)) return;
      met.add(fragment.name);
      const zeros = fragment.inputs.map(({ baseType }) => {
        if (baseType === "address") return `0x${"11".repeat(20)}`;
        return baseType === "bytes32" ? `0x${"00".repeat(32)}` : 0n;
      });
      // By its signature: contracts share names with other values.
      const line = explainRevert(revert(fragment.format("sighash"), zeros));
      expect(line).to.match(new RegExp(`^${fragment.name}: \\S`));
      expect(line, fragment.format()).to.not.match(/undefined|NaN|\[object/);
    });
    expect(explainedErrors.filter((name) => !met.has(name))).to.deep.equal([]);
  });

  it("show the same values whatever the contract that shares an error calls them", () => {
    const phase = (1n << 64n) | 5n;
    expect(explainRevert(revert("WrongPhase(uint80,uint256)", [phase, 2n]))).to.equal(
      "WrongPhase: round 5 of phase 1 comes where one of phase 2 is expected",
    );
    expect(
      explainRevert(revert("NotTheLastRound(uint80,uint80,uint256)", [phase, phase + 1n, 1_767_945_600n])),
    ).to.equal("NotTheLastRound: round 5 of phase 1 is not the last: round 6 of phase 1 of 2026-01-09 08:00:00 UTC is");
    expect(explainRevert(revert("TooManyDecimals(address,uint256)", [`0x${"11".repeat(20)}`, 19n]))).to.equal(
      "TooManyDecimals: 19 decimals, the most is 18",
    );
  });

  it("name the errors of the pull feed's own contract", () => {
    const data = new Interface(["error PriceFeedNotFoundWithinRange()"]).encodeErrorResult(
      "PriceFeedNotFoundWithinRange",
    );
    expect(explainRevert(data)).to.equal(
      "PriceFeedNotFoundWithinRange: the update is not the first one in the time asked for",
    );
  });

  it("list the values of errors that have no sentence", () => {
    expect(explainRevert(revert("ERC20InsufficientBalance", [`0x${"11".repeat(20)}`, 1n, 2n]))).to.equal(
      `ERC20InsufficientBalance: sender = 0x${"11".repeat(20)}, balance = 1, needed = 2`,
    );
  });

  it("read revert strings, with what Curie's codes mean", () => {
    const text = (reason: string): string =>
      id("Error(string)").slice(0, 10) + AbiCoder.defaultAbiCoder().encode(["string"], [reason]).slice(2);
    expect(explainRevert(text("CH_NEFCI"))).to.equal(
      "CH_NEFCI: not enough free collateral on the venue for this trade: its impact eats into the margin",
    );
    expect(explainRevert(text("something else"))).to.equal("the call reverted: something else");
  });

  it("read panics", () => {
    const panic = id("Panic(uint256)").slice(0, 10) + AbiCoder.defaultAbiCoder().encode(["uint256"], [0x11]).slice(2);
    expect(explainRevert(panic)).to.match(/^Panic: .*0x11/);
  });

  it("stay sentences for data that is not ours, cut off or empty", () => {
    expect(explainRevert("0x")).to.equal("the call reverted without a reason");
    const foreign = new Interface(["error Foreign(uint256 x)"]).encodeErrorResult("Foreign", [1n]);
    expect(explainRevert(foreign)).to.match(/do not have \(selector 0x[0-9a-f]{8}\)$/);
    expect(explainRevert(revert("WithinBand", [1n, 1n]).slice(0, 60))).to.match(/^the call reverted/);
    expect(explainRevert("0x08c379a0ff")).to.match(/^the call reverted/);
  });
});

describe("revert data in what a node throws", () => {
  const data = revert("VenueUnreadable()");

  it("is found where ethers, Hardhat and other nodes put it", () => {
    const shapes: unknown[] = [
      { code: "CALL_EXCEPTION", data },
      { info: { error: { code: 3, data } } },
      { error: { code: 3, message: "execution reverted", data } },
      { error: { code: -32603, data: { message: "reverted", data, txHash: `0x${"ab".repeat(32)}` } } },
      new Error("wrapped", { cause: { code: "CALL_EXCEPTION", data } }),
    ];
    for (const shape of shapes) expect(revertDataOf(shape)).to.equal(data);
  });

  it("is empty for a revert without data", () => {
    expect(revertDataOf({ code: "CALL_EXCEPTION", data: "0x" })).to.equal("0x");
    expect(revertDataOf({ code: "CALL_EXCEPTION", data: null })).to.equal("0x");
  });

  it("is not found in what is no revert", () => {
    for (const error of [
      undefined,
      null,
      "text",
      new Error("ECONNREFUSED"),
      { code: "TIMEOUT" },
      { data: `0x${"ab".repeat(32)}` },
    ]) {
      expect(revertDataOf(error)).to.equal(undefined);
    }
  });
});
