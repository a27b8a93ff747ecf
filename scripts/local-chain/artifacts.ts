import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import type { InterfaceAbi } from "ethers";

/** What a deployment needs of a compiled contract. */
export interface ContractArtifact {
  readonly abi: InterfaceAbi;
  readonly bytecode: string;
}

export class ArtifactMissingError extends Error {
  constructor(name: string, cause: unknown) {
    super(
      `Cannot read the compiled contract ${name}. Run "npx hardhat build" (ours) or "npm ci" (a package's) first.`,
      {
        cause,
      },
    );
    this.name = "ArtifactMissingError";
  }
}

const require = createRequire(import.meta.url);
const projectRoot = new URL("../../", import.meta.url);
const cache = new Map<string, ContractArtifact>();

function readArtifact(name: string, resolvePath: () => string): ContractArtifact {
  const known = cache.get(name);
  if (known !== undefined) return known;
  try {
    const { abi, bytecode } = JSON.parse(readFileSync(resolvePath(), "utf8")) as ContractArtifact;
    const artifact = { abi, bytecode };
    cache.set(name, artifact);
    return artifact;
  } catch (cause) {
    throw new ArtifactMissingError(name, cause);
  }
}

/**
 * A contract as Hardhat compiled it for this project: `ballastArtifact("local/LocalUsdc")`, or one of a package that
 * `npmFilesToBuild` names, by its whole path.
 */
export function ballastArtifact(path: string): ContractArtifact {
  const name = path.slice(path.lastIndexOf("/") + 1);
  const source = path.startsWith("@") ? path : `contracts/${path}`;
  const url = new URL(`artifacts/${source}.sol/${name}.json`, projectRoot);
  return readArtifact(path, () => fileURLToPath(url));
}

/** A contract as an npm package publishes it: `packageArtifact("@perp/curie-contract", "Vault")`. */
export function packageArtifact(packageName: string, name: string): ContractArtifact {
  const path = `${packageName}/artifacts/contracts/${name}.sol/${name}.json`;
  return readArtifact(`${packageName}/${name}`, () => require.resolve(path));
}
