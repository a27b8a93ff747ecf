import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { gunzipSync } from "node:zlib";

const root = path.resolve(import.meta.dirname, "../..");

/** The folder of reference data: SHARED_DIR, or `shared` beside the repository. It may be absent. */
export const sharedDir = path.resolve(root, process.env.SHARED_DIR ?? "../shared");

/** Why a case that needs `file` is skipped, or undefined when the file is there. */
export function missingShared(file: string): string | undefined {
  const full = path.join(sharedDir, file);
  return existsSync(full) ? undefined : `skipped: no ${file} in the shared folder (set SHARED_DIR)`;
}

/** The JSON of a file of the shared folder, gzipped or not. */
export function readShared<T>(file: string): T {
  const raw = readFileSync(path.join(sharedDir, file));
  return JSON.parse((file.endsWith(".gz") ? gunzipSync(raw) : raw).toString("utf8")) as T;
}
