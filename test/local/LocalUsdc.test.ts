import { expect } from "chai";
import { ContractFactory, Signature } from "ethers";
import { network } from "hardhat";
import { ballastArtifact } from "../../scripts/local-chain/artifacts.ts";
import type { LocalUsdc } from "../../types/index.ts";

const { ethers } = await network.create();

async function deploy(decimals: number) {
  const [owner, spender] = await ethers.getSigners();
  const { abi, bytecode } = ballastArtifact("local/LocalUsdc");
  const usdc = (await new ContractFactory(abi, bytecode, owner!).deploy(decimals)) as unknown as LocalUsdc;
  return { usdc, owner: owner!, spender: spender! };
}

describe("LocalUsdc", () => {
  it("has the decimals it was given, and mints for anyone", async () => {
    for (const decimals of [6, 18]) {
      const { usdc, spender } = await deploy(decimals);
      expect(await usdc.decimals()).to.equal(BigInt(decimals));
      await usdc.connect(spender).mint(spender.address, 5n);
      expect(await usdc.balanceOf(spender.address)).to.equal(5n);
      expect(await usdc.totalSupply()).to.equal(5n);
    }
  });

  it("takes a signed permit for an approval", async () => {
    const { usdc, owner, spender } = await deploy(6);
    const { chainId } = await ethers.provider.getNetwork();
    const domain = { name: "Local USD Coin", version: "1", chainId, verifyingContract: await usdc.getAddress() };
    const types = {
      Permit: [
        { name: "owner", type: "address" },
        { name: "spender", type: "address" },
        { name: "value", type: "uint256" },
        { name: "nonce", type: "uint256" },
        { name: "deadline", type: "uint256" },
      ],
    };
    const deadline = 2n ** 40n;
    const permit = { owner: owner.address, spender: spender.address, value: 42n, nonce: 0n, deadline };
    const { v, r, s } = Signature.from(await owner.signTypedData(domain, types, permit));
    await usdc.connect(spender).permit(owner.address, spender.address, 42n, deadline, v, r, s);
    expect(await usdc.allowance(owner.address, spender.address)).to.equal(42n);
  });
});
