/** Octets that look random and are the same for the same seed, so that a test can be played again. */
import { createHash } from "node:crypto";

/** A source of octets from a seed. */
export function seededRandom(seed: string): (octets: number) => Uint8Array {
	let count = 0;
	return (octets) => {
		const parts: Buffer[] = [];
		for (let length = 0; length < octets; length += 32)
			parts.push(createHash("sha256").update(`${seed} ${count++}`).digest());
		return Uint8Array.from(Buffer.concat(parts).subarray(0, octets));
	};
}
