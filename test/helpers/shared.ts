import { it } from "mocha";
import { missingShared, readShared, readSharedCsv } from "./sharedData.ts";

/** A test on a reference file of the shared folder; without the file it is skipped, and its title says which one. */
export function itWithShared<T>(title: string, file: string, test: (content: T) => void | Promise<void>): void {
  const missing = missingShared(file);
  if (missing === undefined) it(title, () => test(readShared<T>(file)));
  else it.skip(`${title} (${missing})`);
}

/** A test on the rows of a CSV file of numbers, by column; without the file it is skipped like the others. */
export function itWithSharedCsv(
  title: string,
  file: string,
  test: (rows: Record<string, number>[]) => void | Promise<void>,
): void {
  const missing = missingShared(file);
  if (missing === undefined) it(title, () => test(readSharedCsv(file)));
  else it.skip(`${title} (${missing})`);
}
