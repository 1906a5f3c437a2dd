/**
 * The revocation lists of the signing CAs: kept in the state directory, renewed long before they end.
 *
 *   crl/ID.crl   CertificateList, DER
 */
import { createPublicKey } from "node:crypto";
import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { equalBytes } from "#base/bytes.ts";
import type { Authority } from "#pki/authority-shell.ts";
import { decodeCertificate } from "#pki/certificate.ts";
import { type Crl, decodeCrl } from "#pki/crl.ts";
import type { SigningCa } from "#pki/mint.ts";
import { signatureScheme, verifySignature } from "#pki/verify-signature.ts";

export class OwnCrls {
	readonly #directory: string;
	readonly #lists = new Map<string, Crl>();

	constructor(directory: string) {
		this.#directory = directory;
	}

	/** The lists by the id of their CA, DER. */
	current(): ReadonlyMap<string, Uint8Array> {
		return new Map([...this.#lists].map(([id, { der }]) => [id, der]));
	}

	/**
	 * Makes a list for each CA that has none, or whose list is half over; lists of other CAs are forgotten. Answers those
	 * that are new. `now` in milliseconds since 1970.
	 *
	 * Faults: throws what the file system says when a list cannot be written.
	 */
	renew(authorities: Iterable<Authority>, now: number): ReadonlyMap<string, Uint8Array> {
		const fresh = new Map<string, Uint8Array>();
		const ids = new Set<string>();
		for (const authority of authorities) {
			const { ca } = authority;
			if (!ca.maySignCrls) continue;
			ids.add(ca.id);
			const known = this.#lists.get(ca.id) ?? this.#stored(ca);
			if (known !== undefined && isFresh(known, ca, now)) {
				this.#lists.set(ca.id, known);
				continue;
			}
			const thisUpdate = Math.floor(now / 1000) * 1000 - backdateMs;
			// Seconds since 1970: greater than any before, also when the state directory was lost.
			const number = Math.max(Math.floor(now / 1000), numberOf(known) + 1);
			const der = authority.signCrl({ thisUpdate, nextUpdate: thisUpdate + lifetimeMs, number });
			this.#write(ca.id, der);
			this.#lists.set(ca.id, decoded(der) as Crl);
			fresh.set(ca.id, der);
		}
		for (const id of this.#lists.keys()) if (!ids.has(id)) this.#lists.delete(id);
		return fresh;
	}

	#stored(ca: SigningCa): Crl | undefined {
		try {
			return decoded(readFileSync(this.#file(ca.id)));
		} catch {
			// None yet, or none that can be read: a new one is made.
			return undefined;
		}
	}

	#write(id: string, der: Uint8Array): void {
		const file = this.#file(id);
		writeFileSync(`${file}.new`, der, { mode: 0o600 });
		renameSync(`${file}.new`, file);
	}

	#file(id: string): string {
		return join(this.#directory, `${id}.crl`);
	}
}

/** The list is by this CA, whose key may have been replaced, and less than half of its time is over. */
function isFresh(crl: Crl, ca: SigningCa, now: number): boolean {
	if (crl.nextUpdate === undefined || now < crl.thisUpdate || crl.nextUpdate - now < lifetimeMs / 2) return false;
	if (!equalBytes(crl.issuer.raw, ca.subject)) return false;
	const scheme = signatureScheme(crl.signatureAlgorithm);
	const certificate = decodeCertificate(ca.certificate);
	if (scheme === undefined || certificate.kind !== "done") return false;
	const key = createPublicKey({ key: Buffer.from(certificate.value.publicKey.raw), format: "der", type: "spki" });
	return verifySignature(scheme, key, crl.tbs, crl.signature);
}

function numberOf(crl: Crl | undefined): number {
	const octets = crl?.typed.number;
	return octets === undefined || octets.length > 6 ? 0 : Number(BigInt(`0x${Buffer.from(octets).toString("hex")}`));
}

function decoded(der: Uint8Array): Crl | undefined {
	const answer = decodeCrl(der);
	return answer.kind === "done" && answer.value.faults.length === 0 ? answer.value : undefined;
}

/** Clients keep a list until it ends. */
const lifetimeMs = 7 * 86_400_000;
/** For clients whose clock is behind. */
const backdateMs = 3_600_000;
