/**
 * The certificates that stand for servers of one's own, chosen by the name that the client asks for: an exact name
 * first, then a wildcard, then the first of the list (R2, R133).
 */
import { type Certificate, decodeCertificate } from "#pki/certificate.ts";

/** A certificate with its key, as a worker holds it. */
export interface OwnCertificate {
	readonly id: string;
	/** DER: the certificate itself, then those above it. */
	readonly certificates: readonly Uint8Array[];
	/** PKCS #8, DER. */
	readonly key: Uint8Array;
}

interface NameIndex {
	/** Ids by name in lower case; a wildcard stands with its asterisk. */
	readonly byName: ReadonlyMap<string, readonly string[]>;
	readonly first: readonly string[];
}

export class OwnCertificates {
	readonly #leaves = new Map<string, Certificate>();
	readonly #entries = new Map<string, OwnCertificate>();
	/** One per list of a configuration, whose arrays live as long as it does. */
	readonly #indexes = new WeakMap<readonly string[], NameIndex>();

	/** Entries whose certificate cannot be read are left out. */
	constructor(entries: readonly OwnCertificate[]) {
		for (const entry of entries) {
			const [leaf] = entry.certificates;
			const decoded = leaf === undefined ? undefined : decodeCertificate(leaf);
			if (decoded?.kind !== "done") continue;
			this.#entries.set(entry.id, entry);
			this.#leaves.set(entry.id, decoded.value);
		}
	}

	/**
	 * The certificates of the list for this name; several when more than one has it, as with an RSA and an ECDSA key. Where
	 * none has it: the first of the list, or none when only a match `isWanted`.
	 */
	choose(list: readonly string[], sni: string | undefined, isMatchWanted: boolean): readonly string[] {
		if (list.length === 0) return list;
		const index = this.#indexOf(list);
		const name = sni?.toLowerCase() ?? "";
		const dot = name.indexOf(".");
		const found = index.byName.get(name) ?? (dot === -1 ? undefined : index.byName.get(`*${name.slice(dot)}`));
		return found ?? (isMatchWanted ? [] : index.first);
	}

	/** The certificate of this name itself. */
	leaf(id: string): Certificate | undefined {
		return this.#leaves.get(id);
	}

	entry(id: string): OwnCertificate | undefined {
		return this.#entries.get(id);
	}

	#indexOf(list: readonly string[]): NameIndex {
		const known = this.#indexes.get(list);
		if (known !== undefined) return known;
		const byName = new Map<string, string[]>();
		for (const id of list) {
			for (const name of namesOf(this.#leaves.get(id))) {
				const ids = byName.get(name);
				if (ids === undefined) byName.set(name, [id]);
				else ids.push(id);
			}
		}
		const index = { byName, first: list.filter((id) => this.#leaves.has(id)).slice(0, 1) };
		this.#indexes.set(list, index);
		return index;
	}
}

function namesOf(certificate: Certificate | undefined): ReadonlySet<string> {
	const names = new Set<string>();
	for (const name of certificate?.typed.subjectAltName ?? [])
		if (name.kind === "dns") names.add(name.text.toLowerCase());
	return names;
}
