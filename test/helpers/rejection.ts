/** The error that a promise fails with. Fails itself when the promise does not. */
export async function rejection(promise: Promise<unknown>): Promise<unknown> {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  throw new Error("Expected the promise to be rejected, but it was fulfilled.");
}
