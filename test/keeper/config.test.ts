import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { AbiCoder } from "ethers";
import { DEPLOYMENT_VERSION, deploymentSchema, readDeployment } from "../../keeper/deployment.ts";
import { DeploymentFileError } from "../../keeper/errors.ts";
import { expectRefusal, run } from "../helpers/command.ts";
import { type FakeNode, fakeNode, HttpStatus, NodeError } from "../helpers/rpc.ts";

const KEY = `0x${"42".repeat(32)}`;
const address = (byte: string): string => `0x${byte.repeat(20)}`;

const deployment = {
  version: DEPLOYMENT_VERSION,
  chainId: 31_337,
  rpcUrl: "http://127.0.0.1:1",
  contracts: Object.fromEntries(
    Object.keys(deploymentSchema.shape.contracts.shape).map((name, i) => [name, address((16 + i).toString(16))]),
  ),
  pull: { pyth: address("aa"), id: `0x${"bb".repeat(32)}`, serviceUrl: "http://127.0.0.1:2" },
};

describe("deployment files", () => {
  let folder: string;

  before(() => {
    folder = mkdtempSync(join(tmpdir(), "ballast-config-"));
  });
  after(() => {
    rmSync(folder, { recursive: true });
  });

  const write = (content: string): string => {
    const file = join(folder, "deployment.json");
    writeFileSync(file, content);
    return file;
  };
  const writeWith = (changes: object): string => write(JSON.stringify({ ...deployment, ...changes }));

  it("are read as they were written", () => {
    expect(readDeployment(writeWith({}))).to.deep.equal(deployment);
  });

  it("may be of a chain without a router or a pull feed", () => {
    const { router: _, ...contracts } = deployment.contracts;
    expect(readDeployment(writeWith({ contracts })).contracts.router).to.equal(undefined);
    expect(readDeployment(writeWith({ pull: undefined })).pull).to.equal(undefined);
  });

  it("are asked for when missing, with the command that writes one", () => {
    expect(() => readDeployment(join(folder, "none.json"))).to.throw(
      DeploymentFileError,
      /none\.json: start a chain with `npm run chain`/,
    );
  });

  it("are refused when they are not JSON", () => {
    expect(() => readDeployment(write("{"))).to.throw(DeploymentFileError, /is not JSON/);
  });

  for (const [name, changes, message] of [
    ["the version before this one", { version: 1 }, /is of version 1, expected 2: .*`npm run chain`/],
    ["no version", { version: undefined }, /is of version undefined, expected 2/],
    ["a pull feed's number that is too short", { pull: { ...deployment.pull, id: "0x12" } }, /32 bytes[\s\S]*pull\.id/],
    ["a price service that is no address", { pull: { ...deployment.pull, serviceUrl: "here" } }, /pull\.serviceUrl/],
    ["a first block before the first", { firstBlock: -1 }, /firstBlock/],
    ["a chain id in words", { chainId: "31337" }, /chainId/],
    ["a negative chain id", { chainId: -1 }, /chainId/],
    ["an RPC URL that is none", { rpcUrl: "localhost" }, /rpcUrl/],
    ["no contracts", { contracts: {} }, /contracts\.vault/],
    [
      "a short address",
      { contracts: { ...deployment.contracts, vault: "0x12" } },
      /20-byte address[\s\S]*contracts\.vault/,
    ],
  ] as const) {
    it(`name the field of what does not fit: ${name}`, () => {
      expect(() => readDeployment(writeWith(changes))).to.throw(DeploymentFileError, message);
    });
  }
});

describe("the command line, configured wrongly", function () {
  this.timeout(30_000);
  let folder: string;
  let file: string;
  let node: FakeNode | undefined;

  before(() => {
    folder = mkdtempSync(join(tmpdir(), "ballast-config-"));
    file = join(folder, "deployment.json");
    writeFileSync(file, JSON.stringify(deployment));
  });
  after(() => {
    rmSync(folder, { recursive: true });
  });
  afterEach(async () => {
    await node?.close();
    node = undefined;
  });

  it("names the missing deployment file", async () => {
    expectRefusal(
      await run("keeper", ["--deployment", join(folder, "none.json")]),
      /^error: cannot read the deployment file .*none\.json/,
    );
  });

  it("says that the node is dead, and where it was looked for", async () => {
    // A port that was free a moment ago.
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as { port: number };
    await new Promise((resolve) => server.close(resolve));
    const outcome = await run("keeper", ["--deployment", file, "--once", "--rpc", `http://127.0.0.1:${port}`]);
    expectRefusal(outcome, new RegExp(`^error: cannot reach the node at 127\\.0\\.0\\.1:${port} \\(ECONNREFUSED\\)`));
  });

  it("says which chain was expected and which one answers", async () => {
    node = await fakeNode(() => "0x1");
    const outcome = await run("keeper", ["--deployment", file, "--rpc", node.url]);
    expectRefusal(
      outcome,
      /^error: wrong chain: the deployment is on chain 31337, the node at 127\.0\.0\.1:\d+ serves chain 1;/,
    );
    expect(node.methods).to.deep.equal(["eth_chainId"]);
  });

  it("gives the status of a node that refuses, without the URL's secrets", async () => {
    node = await fakeNode(() => new HttpStatus(401));
    const url = `${node.url}/v2/s3cr3t`;
    const outcome = await run("keeper", ["--deployment", file, "--rpc", url]);
    expectRefusal(outcome, /^error: the node at 127\.0\.0\.1:\d+ answered with HTTP 401/);
    expect(outcome.stderr).to.not.contain("s3cr3t");
  });

  it("refuses an RPC URL that is not HTTP", async () => {
    expectRefusal(
      await run("keeper", ["--deployment", file, "--rpc", "127.0.0.1:8545"]),
      /^error: --rpc: expected a URL that starts with http/,
    );
  });

  /** A node that serves the token and the roles, and no more. */
  const nodeWithToken = (isKeeper: boolean): Promise<FakeNode> =>
    fakeNode((method, params) => {
      const coder = AbiCoder.defaultAbiCoder();
      if (method === "eth_chainId") return "0x7a69";
      const { data } = params[0] as { data: string };
      switch (data.slice(0, 10)) {
        case "0x95d89b41":
          return coder.encode(["string"], ["USDC"]);
        case "0x313ce567":
          return coder.encode(["uint8"], [6]);
        case "0xb7009613":
          return coder.encode(["bool", "uint32"], [isKeeper, 0]);
        default:
          throw new NodeError(`unexpected call ${data.slice(0, 10)}`);
      }
    });

  it("asks for a key, and takes none from the file when the chain is not local", async () => {
    node = await nodeWithToken(true);
    const outcome = await run("keeper", ["--deployment", file, "--rpc", node.url]);
    expectRefusal(outcome, /^error: set KEEPER_PRIVATE_KEY to the key of an account with the keeper role/);
  });

  it("refuses what is not a key and does not show it", async () => {
    node = await nodeWithToken(true);
    for (const key of ["hunter2", `${KEY}00`, `0x${"00".repeat(32)}`, `0x${"ff".repeat(32)}`]) {
      const outcome = await run("keeper", ["--deployment", file, "--rpc", node.url], { KEEPER_PRIVATE_KEY: key });
      expectRefusal(outcome, /^error: KEEPER_PRIVATE_KEY: expected/);
      expect(outcome.stderr).to.not.contain(key);
      expect(outcome.stderr).to.not.contain(key.slice(2));
    }
  });

  it("says which account lacks the keeper role", async () => {
    node = await nodeWithToken(false);
    const outcome = await run("keeper", ["--deployment", file, "--rpc", node.url], { KEEPER_PRIVATE_KEY: KEY });
    expectRefusal(outcome, /^error: the account 0x[0-9a-fA-F]{40} does not have the keeper role on the controller/);
    expect(outcome.stderr).to.not.contain(KEY.slice(2));
  });

  for (const [args, message] of [
    [["--once", "--loop"], /^error: --once and --loop: expected one of the two, got both/],
    [["--interval", "0"], /^error: --interval: expected seconds from 0\.1 to 86400, got "0"/],
    [["--interval", "soon"], /^error: --interval: .*got "soon"/],
    [["--interval", "86401"], /^error: --interval/],
    [["--frobnicate"], /^error: unknown option '--frobnicate'/],
    [["now"], /^error: too many arguments/],
    [["--deployment"], /^error: option '--deployment <file>' argument missing/],
  ] as const) {
    it(`refuses keeper ${args.join(" ")}`, async () => {
      expectRefusal(await run("keeper", ["--deployment", file, ...args]), message);
    });
  }

  for (const [command, args, message] of [
    ["deposit", [], /required option '--amount <number>' not specified/],
    ["buy", ["--size", "1"], /required option '--series <name>' not specified/],
    ["quote", ["--size", "1"], /required option '--series <name>' not specified/],
    ["redeem", [], /required option '--series <name>' not specified/],
    ["withdraw", [], /expected exactly one of --amount, --shares and --all, got 0/],
    ["withdraw", ["--all", "--amount", "1"], /expected exactly one of --amount, --shares and --all, got 2/],
  ] as const) {
    it(`refuses ${command} ${args.join(" ")}`, async () => {
      expectRefusal(await run(command, ["--deployment", file, ...args]), message);
    });
  }

  for (const command of [
    "keeper",
    "deposit",
    "withdraw",
    "board",
    "quote",
    "buy",
    "sell",
    "settle",
    "redeem",
    "status",
  ]) {
    it(`${command} --help says what is expected and exits 0`, async () => {
      const { code, stdout } = await run(command, ["--help"]);
      expect(code).to.equal(0);
      expect(stdout).to.contain(`Usage: ${command}`).and.contain("--deployment <file>");
    });
  }
});
