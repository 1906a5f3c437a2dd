/** Mints one leaf: plans it after the server's certificate, draws its serial number, has it signed. */
import { hash, randomBytes } from "node:crypto";
import type { Certificate } from "#pki/certificate.ts";
import type { LeafKeyClass } from "#pki/leaf-key-class.ts";
import { type MintedIdentity, planLeaf, type SigningCa } from "#pki/mint.ts";
import { extensionOid } from "#pki/oids.ts";
import { forbiddenName } from "#pki/signing-ca.ts";
import { type LeafKeyPair, LeafKeys } from "#proxy/leaf-keys-shell.ts";
import type { LeafSettings } from "#proxy/leaf-settings.ts";

/** What a leaf is wanted for. */
export interface LeafWish {
	readonly origin: Certificate;
	readonly signer: SigningCa;
	readonly keyClass: LeafKeyClass;
	/** The session that asks, for the issuance log. */
	readonly session: string;
}

/** A certificate with its key. Times in milliseconds since 1970. */
export interface MintedLeaf {
	/** DER. */
	readonly certificate: Uint8Array;
	readonly pair: LeafKeyPair;
	/** The first few. */
	readonly names: readonly string[];
	readonly originSha256: string;
	readonly certificateSha256: string;
	readonly ca: string;
	readonly keyClass: LeafKeyClass;
	readonly madeAt: number;
	/** How long it may be used again. */
	readonly expiresAt: number;
}

/** Asks the holder of the CA key for the leaf's certificate. Rejects with the reason when it is refused. */
export type SignLeaf = (request: {
	readonly ca: string;
	readonly toBeSigned: Uint8Array;
	readonly originSha256: string;
	readonly session: string;
}) => Promise<Uint8Array>;

export class LeafMint {
	readonly #sign: SignLeaf;
	readonly #keys: LeafKeys;
	readonly #now: () => number;
	#random = Buffer.alloc(0);

	/** `now` answers milliseconds since 1970. */
	constructor(sign: SignLeaf, now: () => number = Date.now) {
		this.#sign = sign;
		this.#now = now;
		this.#keys = new LeafKeys(now);
	}

	/** Rejects when the CA may not sign for the server's names, or does not. */
	async mint({ origin, signer, keyClass, session }: LeafWish, settings: LeafSettings): Promise<MintedLeaf> {
		const forbidden = forbiddenName(origin, signer);
		if (forbidden !== undefined) throw new Error(forbidden);
		const key = this.#keys.get(keyClass);
		const pair = key instanceof Promise ? await key : key;
		const madeAt = this.#now();
		const rules = { ...settings, now: madeAt };
		const toBeSigned = planLeaf(identityOf(origin), signer, pair.leafKey, this.#serial(), rules);
		const originSha256 = origin.fingerprint;
		const certificate = await this.#sign({ ca: signer.id, toBeSigned, originSha256, session });
		return {
			certificate,
			pair,
			names: namesOf(origin),
			originSha256,
			certificateSha256: hash("sha256", certificate, "hex"),
			ca: signer.id,
			keyClass,
			madeAt,
			expiresAt: madeAt + settings.keepMs,
		};
	}

	/** 128 random bits; drawn many at a time, since each draw is a call into the kernel's or OpenSSL's generator. */
	#serial(): Uint8Array {
		if (this.#random.length < serialOctets) this.#random = randomBytes(serialOctets * 256);
		const serial = this.#random.subarray(0, serialOctets);
		this.#random = this.#random.subarray(serialOctets);
		return serial;
	}
}

function identityOf(origin: Certificate): MintedIdentity {
	return {
		subject: origin.subject.raw,
		subjectAltName: origin.extension(extensionOid.subjectAltName)?.value,
		notBefore: origin.notBefore,
		notAfter: origin.notAfter,
		hasCrl: origin.extension(extensionOid.crlDistributionPoints) !== undefined,
	};
}

function namesOf({ typed, subject }: Certificate): readonly string[] {
	const names = (typed.subjectAltName ?? []).slice(0, maxShownNames);
	const texts = names.flatMap((name) => (name.kind === "dns" ? [name.text] : []));
	return texts.length > 0 ? texts : [subject.text];
}

const maxShownNames = 8;
const serialOctets = 16;
