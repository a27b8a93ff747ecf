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
