/** The hedged vault's keeper, watched: what it sent, in which blocks, under which band. */
import { Wallet } from "ethers";
import type { Hedge } from "../../keeper/hedge/decide.ts";
import { readPolicy } from "../../keeper/hedge/policy.ts";
import { type TickResult, tick } from "../../keeper/keeper.ts";
import { bigintOf, type Journal, named } from "./books.ts";
import type { HedgeRecord } from "./record.ts";
import type { Stage } from "./stage.ts";

// What the oracles need is brought for both vaults alike (`Stage.tend`): that chore is not left to the one with a keeper.
/** What a transaction may use here. Gas costs nothing on a local chain, and an estimate costs half a second. */
const KEEPER_GAS = 1n << 24n;

export interface KeeperDesk {
  /** One tick of the real keeper. `time` is the hour it belongs to. */
  tick(time: number): Promise<TickResult>;
  /** Decisions to hedge so far, in order. */
  readonly hedges: readonly Hedge[];
  /** One sentence each. */
  readonly faults: readonly string[];
  /** The hedges that the chain recorded, each with the band that was in force. */
  readHedges(journal: Journal): HedgeRecord[];
}

interface Watch {
  readonly after: number;
  readonly upTo: number;
  readonly bandWad: bigint;
  readonly time: number;
}

export async function openKeeperDesk(stage: Stage): Promise<KeeperDesk> {
  const { contracts } = stage.hedged;
  const account = stage.deployment.local?.accounts.keeper;
  if (account === undefined) throw new Error("The chain has no keeper.");
  const wallet = new Wallet(account.privateKey);
  const signer = {
    address: wallet.address,
    signTransaction: async (transaction: Parameters<Wallet["signTransaction"]>[0]) => {
      await stage.timeNextBlock();
      return wallet.signTransaction(transaction);
    },
  };
  const policy = await readPolicy(contracts);
  const watches: Watch[] = [];
  const hedges: Hedge[] = [];
  const faults: string[] = [];
  let sentBefore = await stage.provider.getTransactionCount(wallet.address);

  return {
    hedges,
    faults,
    async tick(time) {
      const result = await tick({ contracts, signer, policy, gasLimit: KEEPER_GAS, chores: false });
      const { decision, steps, before, after } = result;
      watches.push({ after: before.blockNumber, upTo: after.blockNumber, bandWad: after.hedge.bandWad, time });
      for (const step of steps) if (step.decision.action === "hedge") hedges.push(step.decision);

      const sent = (await stage.provider.getTransactionCount(wallet.address)) - sentBefore;
      sentBefore += sent;
      if (sent !== steps.length || (decision.action === "hold" && sent > 0)) {
        faults.push(`the keeper decided to ${decision.action}, reported ${steps.length} transactions and sent ${sent}`);
      }
      return result;
    },
    readHedges(journal) {
      return named(journal.controller, "Hedged").map((entry) => {
        const { blockNumber } = entry;
        const watch = watches.find(({ after, upTo }) => after < blockNumber && blockNumber <= upTo);
        if (watch === undefined) throw new Error(`Block ${blockNumber} has a hedge that no tick of the keeper sent.`);
        return {
          time: watch.time,
          sizeDeltaWad: bigintOf(entry, "sizeDelta"),
          priceWad: bigintOf(entry, "price"),
          spotWad: bigintOf(entry, "spot"),
          netDeltaBeforeWad: bigintOf(entry, "netDeltaBefore"),
          netDeltaAfterWad: bigintOf(entry, "netDeltaAfter"),
          bandWad: watch.bandWad,
        };
      });
    },
  };
}
