/** What this is: read from package.json, so that it stands in one place. */
import { readFileSync } from "node:fs";
import { join } from "node:path";

const packageJson: unknown = JSON.parse(readFileSync(join(import.meta.dirname, "../../package.json"), "utf8"));

/** The product's version, `1.2.3`. */
export const productVersion: string = String((packageJson as { version?: unknown }).version);

/** The oldest Node that the product runs on: OpenSSL 3.5 for X25519MLKEM768, `node:sqlite`, type stripping. */
export const floorMajor = 26;
