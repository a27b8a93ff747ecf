/**
 * What else a keeper does once the hedge is as it should be: it brings what the oracles need and keeps the checkpoint
 * young before an expiry. Anyone may do all of it, so that nothing here needs a role. One pure function of a snapshot.
 */
import type { Snapshot } from "../snapshot.ts";
import { formatTime } from "../units.ts";

export type Chore =
  /** An expiry that passes takes its delta at the last checkpoint's spot until it is settled (RULES.md N5). */
  | { action: "renewCheckpoint"; reason: "expiryNear"; expiry: bigint; renewedAt: bigint }
  /** `asOf` is 0 while the first days are still to be brought. */
  | { action: "bringHours"; reason: "hourOver" | "notReady"; asOf: bigint }
  /** `sampledAt` is 0 before the first sample. */
  | { action: "sampleFunding"; reason: "sampleOld" | "noSample"; sampledAt: bigint };

export interface ChoreSettings {
  /** An expiry is near from so many seconds before it. */
  readonly nearExpirySeconds: bigint;
  /** A checkpoint of this age is renewed while an expiry is near. */
  readonly checkpointAgeSeconds: bigint;
  /** Hedges sample funding, too: this is for days without one. */
  readonly fundingAgeSeconds: bigint;
}

export const DEFAULT_CHORES: ChoreSettings = {
  nearExpirySeconds: 600n,
  checkpointAgeSeconds: 300n,
  fundingAgeSeconds: 3_600n,
};

const HOUR_SECONDS = 3_600n;

/** What is due, the most urgent first. */
export function dueChores(snapshot: Snapshot, settings: ChoreSettings = DEFAULT_CHORES): Chore[] {
  const { timestamp, spot, hedge, realised, funding } = snapshot;
  const chores: Chore[] = [];
  const isTrusted = spot.fault === "None";

  const near = nearestExpiry(snapshot, settings);
  // A checkpoint at a price that is not trusted would be worse than an old one.
  if (near !== undefined && isTrusted && timestamp - snapshot.checkpointTime > settings.checkpointAgeSeconds) {
    const { checkpointTime: renewedAt } = snapshot;
    chores.push({ action: "renewCheckpoint", reason: "expiryNear", expiry: near, renewedAt });
  }
  if (realised.asOf === 0n || timestamp > realised.asOf + HOUR_SECONDS) {
    const { asOf } = realised;
    chores.push({ action: "bringHours", reason: asOf === 0n ? "notReady" : "hourOver", asOf });
  }
  // A sample is a part of spot, of what a venue has charged.
  const { sampledAt } = funding;
  const canSample = isTrusted && hedge.reason !== "VenueUnreadable";
  if (canSample && timestamp >= sampledAt + settings.fundingAgeSeconds) {
    chores.push({ action: "sampleFunding", reason: sampledAt === 0n ? "noSample" : "sampleOld", sampledAt });
  }
  return chores;
}

/** With options open at all: which expiry they are of is not worth another read. */
function nearestExpiry(
  { liveExpiries, timestamp, book }: Snapshot,
  { nearExpirySeconds }: ChoreSettings,
): bigint | undefined {
  if (book.callsWad + book.putsWad === 0n) return undefined;
  return liveExpiries
    .filter((expiry) => expiry > timestamp && expiry <= timestamp + nearExpirySeconds)
    .sort((a, b) => Number(a - b))[0];
}

/** One line for a person. */
export function explainChore(chore: Chore): string {
  switch (chore.action) {
    case "renewCheckpoint":
      return `renew the checkpoint: ${formatTime(chore.expiry)} is near and the last one is of ${formatTime(chore.renewedAt)}`;
    case "bringHours":
      return chore.asOf === 0n
        ? "bring hours: realised volatility is not ready yet"
        : `bring hours: realised volatility is of ${formatTime(chore.asOf)}, and an hour is over since`;
    case "sampleFunding":
      return chore.sampledAt === 0n
        ? "sample funding: there is no sample yet"
        : `sample funding: the last sample is of ${formatTime(chore.sampledAt)}`;
  }
}
