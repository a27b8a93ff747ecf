import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import type { BaseContract, InterfaceAbi } from "ethers";
import hre from "hardhat";

/** One figure. Lower is better. */
export type Row = { name: string; value: number; unit: string };

/** One thing that is measured: its file adds one of these to `subjects.ts`. */
export type Subject = {
  title: string;
  /** Why it cannot run here, or undefined. */
  missing?: string | undefined;
  measure(bench: Bench): Promise<Row[]>;
};

export type Sample = { gas: number; result: string };

export type Contract = Pick<BaseContract, "interface"> & { target: string };

const root = path.resolve(import.meta.dirname, "../..");
/** Under the gas that one transaction may use. */
const GAS_LIMIT = 16_000_000n;
const GAS_PER_BATCH = 8_000_000;

/** Average and maximum as two rows, `name` and `name.max`. */
export function gasRows(name: string, gas: number[]): Row[] {
  const average = Math.round(gas.reduce((sum, x) => sum + x, 0) / gas.length);
  return [
    { name, value: average, unit: "gas" },
    { name: `${name}.max`, value: Math.max(...gas), unit: "gas" },
  ];
}

/** An in-process chain, and the method of measurement: a call of a function less one of an empty function of its ABI. */
export class Bench {
  readonly #ethers;
  readonly #meter;

  private constructor(
    ethers: Awaited<ReturnType<typeof hre.network.create>>["ethers"],
    meter: BaseContract & { target: unknown },
  ) {
    this.#ethers = ethers;
    this.#meter = meter;
  }

  static async create(): Promise<Bench> {
    await hre.tasks.getTask("build").run({ quiet: true });
    const { ethers } = await hre.network.create();
    return new Bench(ethers, await ethers.deployContract("GasMeter"));
  }

  /** Deploys a contract of the project. */
  async deploy(name: string): Promise<Contract> {
    const contract = await this.#ethers.deployContract(name);
    return { interface: contract.interface, target: await contract.getAddress() };
  }

  /** Compiles a file that is not part of the project with the project's compiler and settings, and deploys from it. */
  async deployPeers(file: string, names: string[]): Promise<Contract[]> {
    const compiled = compile(file);
    return Promise.all(
      names.map(async (name) => {
        const { abi, evm } = compiled[name]!;
        const factory = new this.#ethers.ContractFactory(
          abi,
          evm.bytecode.object,
          (await this.#ethers.getSigners())[0]!,
        );
        const contract = await factory.deploy();
        return { interface: contract.interface, target: await contract.getAddress() };
      }),
    );
  }

  /** Gas and result of each call of `run`, what an empty function costs already subtracted. */
  async run(contract: Contract, empty: Contract, argumentLists: readonly (readonly unknown[])[]): Promise<Sample[]> {
    const calls = argumentLists.map((list) => contract.interface.encodeFunctionData("run", list as unknown[]));
    const [full, base] = [await this.#measure(contract, calls), await this.#measure(empty, calls)];
    return full.map(({ gas, result }, i) => ({ gas: gas - base[i]!.gas, result }));
  }

  async #measure(contract: Contract, calls: string[]): Promise<Sample[]> {
    const samples: Sample[] = [];
    let size = 1;
    for (let at = 0; at < calls.length; ) {
      const batch = calls.slice(at, at + size);
      const measure = this.#meter.getFunction("measure");
      const [gas, results] = await measure.staticCall(contract.target, batch, { gasLimit: GAS_LIMIT });
      batch.forEach((call, i) => {
        if (gas[i] > GAS_LIMIT) throw new Error(`the call ${call} of the bench at ${contract.target} reverted`);
        samples.push({ gas: Number(gas[i]), result: results[i] });
      });
      at += batch.length;
      // The next batch as large as a transaction allows, judging by the dearest call so far.
      const dearest = Math.max(...samples.map((sample) => sample.gas)) + 3_000;
      size = Math.max(1, Math.min(200, Math.floor(GAS_PER_BATCH / dearest)));
    }
    return samples;
  }
}

type Compiled = Record<string, { abi: InterfaceAbi; evm: { bytecode: { object: string } } }>;

function compile(file: string): Compiled {
  const require = createRequire(import.meta.url);
  const solc = require("solc") as {
    compile(input: string, callbacks: { import(name: string): { contents: string } | { error: string } }): string;
  };
  const compiler = hre.config.solidity.profiles.default!.compilers[0]!;
  const content = (name: string) =>
    readFileSync(path.resolve(root, name.startsWith("@") || name.startsWith("solady/") ? "node_modules" : ".", name), {
      encoding: "utf8",
    });
  const input = {
    language: "Solidity",
    sources: { [file]: { content: content(file) } },
    settings: { ...compiler.settings, outputSelection: { [file]: { "*": ["abi", "evm.bytecode.object"] } } },
  };
  const read = (name: string) => {
    try {
      return { contents: content(name) };
    } catch (error) {
      return { error: String(error) };
    }
  };
  const output = JSON.parse(solc.compile(JSON.stringify(input), { import: read })) as {
    errors?: { severity: string; formattedMessage: string }[];
    contracts: Record<string, Compiled>;
  };
  const errors = output.errors?.filter(({ severity }) => severity === "error") ?? [];
  if (errors.length > 0) throw new Error(errors.map(({ formattedMessage }) => formattedMessage).join("\n"));
  return output.contracts[file]!;
}
