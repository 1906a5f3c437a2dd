/** Patterns that come with the product. */
import { Buffer } from "node:buffer";

/** Octets by the pattern's name. */
export const shippedPatterns: ReadonlyMap<string, Uint8Array> = new Map([
	// The EICAR test string, in two parts so that a virus scanner does not quarantine this file.
	[
		"eicar",
		Buffer.from(["X5O!P%@AP[4\\PZX54(P^)7CC)7}$", "EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"].join(""), "latin1"),
	],
]);
