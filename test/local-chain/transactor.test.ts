import { expect } from "chai";
import { Wallet } from "ethers";
import { network } from "hardhat";
import { ArtifactMissingError, ballastArtifact, packageArtifact } from "../../scripts/local-chain/artifacts.ts";
import { NotADevProviderError } from "../../scripts/local-chain/provider.ts";
import { TransactionFailedError, Transactor } from "../../scripts/local-chain/transactor.ts";
import { rejection } from "../helpers/rejection.ts";

const { ethers } = await network.create();

describe("Transactor", () => {
  const artifact = ballastArtifact("local/LocalUsdc");

  it("foretells the address of each contract it deploys", async () => {
    const [signer] = await ethers.getSigners();
    const transactor = await Transactor.create(signer!);
    const foretold = [transactor.addressAhead(0), transactor.addressAhead(1)];
    const deployed = [
      await transactor.deploy("first", artifact, [6]),
      await transactor.deploy("second", artifact, [18]),
    ];
    await transactor.confirm();
    expect(deployed).to.deep.equal(foretold);
    for (const address of deployed) expect(await ethers.provider.getCode(address)).to.not.equal("0x");
  });

  it("names the transaction that failed", async () => {
    const [signer] = await ethers.getSigners();
    const transactor = await Transactor.create(signer!);
    const usdc = await transactor.deploy("LocalUsdc", artifact, [6]);
    const send = async () => {
      await transactor.call(usdc, artifact, "transfer", [transactor.address, 1n]);
      await transactor.confirm();
    };
    const error = await rejection(send());
    expect(error).to.be.instanceOf(TransactionFailedError);
    expect((error as Error).message).to.include('"transfer"');
  });

  it("refuses a signer without a local chain behind it", async () => {
    expect(await rejection(Transactor.create(Wallet.createRandom()))).to.be.instanceOf(NotADevProviderError);
  });
});

describe("Artifacts", () => {
  it("says which contract is missing", () => {
    expect(() => ballastArtifact("local/NoSuchContract")).to.throw(ArtifactMissingError, "NoSuchContract");
    expect(() => packageArtifact("@perp/curie-contract", "NoSuchContract")).to.throw(
      ArtifactMissingError,
      "NoSuchContract",
    );
  });
});
