import { HDNodeWallet, Mnemonic } from "ethers";

/** Hardhat's own test phrase: everybody knows these keys, so they are worth nothing on a real chain. */
const TEST_PHRASE = "test test test test test test test test test test test junk";

/** Who plays on a local chain, in the order of the accounts that Hardhat funds. */
export const ACTORS = [
  "governor",
  "curator",
  "keeper",
  "alice",
  "bob",
  "carol",
  "dave",
  "erin",
  "arbitrageur",
  "deployer",
  "feed",
] as const;

export type Actor = (typeof ACTORS)[number];

export interface LocalAccount {
  readonly address: string;
  readonly privateKey: string;
}

/** Address and key of each actor. */
export function localAccounts(): Record<Actor, LocalAccount> {
  const parent = HDNodeWallet.fromMnemonic(Mnemonic.fromPhrase(TEST_PHRASE), "m/44'/60'/0'/0");
  const entries = ACTORS.map((actor, index) => {
    const { address, privateKey } = parent.deriveChild(index);
    return [actor, { address, privateKey }] as const;
  });
  return Object.fromEntries(entries) as Record<Actor, LocalAccount>;
}
