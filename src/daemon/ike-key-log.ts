/**
 * Keys of IKE for Wireshark, in a file that only the owner reads: `security ike traceoptions key-log`. In `managed`, which may
 * write where `iked` may not. What cannot be written is lost: nobody's VPN waits for it.
 *
 * Danger: who reads the file reads every negotiation that was recorded meanwhile, pre-shared keys excepted.
 * Bounds: two files of `maxOctets`.
 */
import { appendFileSync, chmodSync, existsSync, mkdirSync, renameSync, statSync } from "node:fs";
import { dirname, join } from "node:path";

export class IkeKeyLog {
	readonly path: string;

	constructor(stateDirectory: string) {
		this.path = join(stateDirectory, "key-log", fileName);
	}

	/** Adds a line of the table. */
	write(line: string): void {
		const { path } = this;
		try {
			mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
			if (existsSync(path) && statSync(path).size >= maxOctets) renameSync(path, `${path}.0`);
			// Somebody may have made it readable before.
			if (existsSync(path)) chmodSync(path, ownerOnly);
			appendFileSync(path, `${line}\n`, { mode: ownerOnly });
		} catch {
			// The disk is full, or the folder is somebody else's.
		}
	}
}

/** As Wireshark calls it in its profiles. */
const fileName = "ikev2_decryption_table";
const ownerOnly = 0o600;
const maxOctets = 1_048_576;
