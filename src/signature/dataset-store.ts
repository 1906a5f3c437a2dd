/** Sets of texts or hashes that rules ask for and may add to (`dataset`). */
import { createHash } from "node:crypto";
import type { DatasetForm, DatasetStep } from "#signature/signature.ts";

/** The sets by name. Bounds: `maxAdded` values that rules added, over all sets; what was loaded is as large as its file. */
export class DatasetStore {
	readonly #sets = new Map<string, Set<string>>();
	#added = 0;

	/**
	 * Loads the text of a file: a value a line, base64 of a text, hexadecimal of a hash; what follows a comma is left out.
	 * Answers the lines that are none.
	 */
	load(name: string, form: DatasetForm, text: string): number[] {
		const values = this.#set(name, form);
		const wrong: number[] = [];
		for (const [index, raw] of text.split("\n").entries()) {
			const line = raw.trim().split(",", 1)[0] ?? "";
			if (line === "" || line.startsWith("#")) continue;
			const octets = form === "string" ? Buffer.from(line, "base64") : Buffer.from(line, "hex");
			if (octets.length === 0 || (form !== "string" && octets.length !== hashOctets[form])) wrong.push(index + 1);
			else values.add(octets.toString("latin1"));
		}
		return wrong;
	}

	/** What the step asks about the octets; `set` and `unset` change the set and hold when they changed it. */
	holds({ command, name, form }: DatasetStep, octets: Uint8Array): boolean {
		const values = this.#set(name, form);
		const key = keyOf(form, octets);
		const has = values.has(key);
		switch (command) {
			case "isset":
				return has;
			case "isnotset":
				return !has;
			case "unset":
				return values.delete(key);
			case "set":
				if (has || this.#added === maxAdded) return false;
				this.#added++;
				values.add(key);
				return true;
		}
	}

	#set(name: string, form: DatasetForm): Set<string> {
		const key = `${name} ${form}`;
		let values = this.#sets.get(key);
		if (values === undefined) {
			values = new Set();
			this.#sets.set(key, values);
		}
		return values;
	}
}

/** A hash set holds hashes; a buffer that is not one is hashed, as Suricata does. */
function keyOf(form: DatasetForm, octets: Uint8Array): string {
	if (form === "string") return Buffer.from(octets).toString("latin1");
	if (octets.length === hashOctets[form]) return Buffer.from(octets).toString("latin1");
	return createHash(form).update(octets).digest("latin1");
}

const hashOctets = { md5: 16, sha256: 32 } as const;
const maxAdded = 100_000;
