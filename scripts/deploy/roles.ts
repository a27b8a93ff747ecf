/** Who may do what. User functions carry no role: a closed target would shut the public one, too (RULES.md G3). */

/** Role numbers in the AccessManager. 0 is its own ADMIN role, held by the governor alone. */
export const ROLES = { admin: 0n, curator: 1n, keeper: 2n, lister: 3n } as const;

export const ROLE_LABELS = { curator: "CURATOR", keeper: "KEEPER", lister: "LISTER" } as const;

/** Which functions of which contract need which role. Nothing else in Ballast is restricted. */
export const RESTRICTED = {
  market: { listExpiry: ROLES.lister, listStrikes: ROLES.lister, setVegaCapacity: ROLES.curator },
  surface: { post: ROLES.curator },
  controller: { rebalance: ROLES.keeper },
  auctions: { schedule: ROLES.curator, cancel: ROLES.curator },
} as const;

/** Everybody who holds a role once the deployment is done, by role. */
export function membersOf(options: {
  readonly governor: string;
  readonly curator: string;
  readonly keeper: string;
  readonly autoLister: string;
}): ReadonlyMap<bigint, readonly string[]> {
  const { governor, curator, keeper, autoLister } = options;
  return new Map([
    [ROLES.admin, [governor]],
    [ROLES.curator, [curator]],
    [ROLES.keeper, [keeper]],
    [ROLES.lister, [curator, autoLister]],
  ]);
}
