/** Errors that a person can act on: each message says what was expected, what came, and what to do. */

/** The base of every error that the command line prints as a sentence instead of a stack trace. */
export class BallastError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
  }
}

/** The deployment file is missing or does not fit its schema. */
export class DeploymentFileError extends BallastError {}

/** The compiled contracts are not there. */
export class ArtifactMissingError extends BallastError {}

/** The node serves another chain than the deployment is on. */
export class WrongChainError extends BallastError {}

/** The node cannot be reached, or does not answer in time. */
export class RpcUnreachableError extends BallastError {}

/** The node answered, with an error that is not a revert. */
export class RpcFailedError extends BallastError {}

/** A view of our own contracts reverted, or its answer is not what this keeper knows. */
export class SnapshotError extends BallastError {}

/** A keeper policy that contradicts the contracts' bounds. */
export class PolicyError extends BallastError {}

/** The account lacks the role that a call needs. */
export class RoleMissingError extends BallastError {}

/** No key to sign with, or one that is not a key. */
export class KeyError extends BallastError {}

/** The call would revert; nothing was sent. */
export class SimulationRevertedError extends BallastError {}

/** The call needs more gas than a transaction may use; nothing was sent. */
export class GasLimitExceededError extends BallastError {}

/** The account cannot pay for gas; nothing was sent. */
export class InsufficientGasFundsError extends BallastError {}

/** Another transaction of the same account took this nonce or waits with it; nothing was sent. */
export class NonceConflictError extends BallastError {}

/** The node refused the transaction for a reason of its own. */
export class SendRejectedError extends BallastError {}

/** Sent, but not mined within the time allowed: it may still be mined. */
export class ReceiptTimeoutError extends BallastError {}

/** Mined, and reverted. */
export class TransactionRevertedError extends BallastError {}

/** A word that a person typed is not what was expected. */
export class InputError extends BallastError {}

/** What the person asked for cannot be done in the present state of the chain. */
export class NotPossibleError extends BallastError {}
