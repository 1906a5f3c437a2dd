/**
 * TLS contexts of the client leg: one per validated server certificate, signer, key type and group, minted when first
 * needed and kept.
 *
 * Bounds: `capacity` contexts, and `maxLargeContexts` for large certificates; the one used longest ago goes first. At
 * most one signature is asked for per context, however many sessions wait for it.
 */
import { createHash, generateKeyPair, generateKeyPairSync, type KeyObject, randomBytes } from "node:crypto";
import { createSecureContext, type SecureContext, type SecureContextOptions } from "node:tls";
import { promisify } from "node:util";
import { BoundedMap } from "#base/bounded.ts";
import type { Certificate } from "#pki/certificate.ts";
import { keyIdentifier, type LeafKey, planLeaf, type SigningCa } from "#pki/mint.ts";
import { certificatePem } from "#pki/pem.ts";
import { maxKeptOctets } from "#proxy/judge-server.ts";

/** A context and the fingerprint of the leaf in it. */
export interface LeafContext {
	readonly context: SecureContext;
	readonly certificateSha256: string;
}

/** What a leaf is wanted for. */
export interface LeafRequest {
	readonly origin: Certificate;
	readonly signer: SigningCa;
	readonly keyType: "ec" | "rsa";
	/** Options of the client leg without key and certificate; `variant` is the same for equal options. */
	readonly options: SecureContextOptions;
	readonly variant: string;
}

/** Asks the holder of the CA key for the leaf's certificate. Rejects with the reason when it is refused. */
export type SignLeaf = (request: {
	readonly ca: string;
	readonly toBeSigned: Uint8Array;
	readonly originSha256: string;
}) => Promise<Uint8Array>;

export class LeafContexts {
	readonly #contexts: BoundedMap<string, LeafContext>;
	/** The contexts for large certificates, apart from the others so that few of them are kept. */
	readonly #largeContexts = new BoundedMap<string, LeafContext>(maxLargeContexts);
	readonly #waiting = new Map<string, Promise<LeafContext>>();
	readonly #leaves: BoundedMap<string, Uint8Array>;
	readonly #keys = new Map<"ec" | "rsa", Promise<LeafKeyPair> | LeafKeyPair>();
	readonly #sign: SignLeaf;
	readonly #ticketKeys: Buffer;

	/** `ticketKeys` are 48 octets that all workers share, so that a client may resume at any of them. */
	constructor(sign: SignLeaf, ticketKeys: Buffer, capacity: number) {
		this.#sign = sign;
		this.#ticketKeys = ticketKeys;
		this.#contexts = new BoundedMap(capacity);
		this.#leaves = new BoundedMap(capacity);
		this.#keys.set("ec", leafKeyPair(generateKeyPairSync("ec", { namedCurve: "P-256" }), "ec"));
	}

	get size(): number {
		return this.#contexts.size + this.#largeContexts.size;
	}

	/** The context when it is there already: the way of almost every session. */
	find(request: LeafRequest): LeafContext | undefined {
		return this.#contextsFor(request).get(contextKey(request));
	}

	/** The context, minted if need be. Rejects when no signature is to be had. */
	get(request: LeafRequest): Promise<LeafContext> {
		const key = contextKey(request);
		const known = this.#contextsFor(request).get(key);
		if (known !== undefined) return Promise.resolve(known);
		const waiting = this.#waiting.get(key);
		if (waiting !== undefined) return waiting;
		const made = this.#make(request, key).finally(() => this.#waiting.delete(key));
		this.#waiting.set(key, made);
		return made;
	}

	/** Forgets every context, so that the next session of each server gets a new leaf. */
	clear(): void {
		this.#contexts.clear();
		this.#largeContexts.clear();
		this.#leaves.clear();
	}

	async #make(request: LeafRequest, key: string): Promise<LeafContext> {
		const { key: privateKey, leafKey } = await this.#keyPair(request.keyType);
		const certificate = await this.#leaf(request, leafKey);
		const sha256 = createHash("sha256").update(certificate).digest("hex");
		const context = createSecureContext({
			...request.options,
			key: privateKey,
			cert: certificatePem(certificate),
			ticketKeys: this.#ticketKeys,
			// A ticket is good for the same origin's certificate, signer and options only, and that at every worker.
			sessionIdContext: createHash("sha256").update(key).digest("hex").slice(0, 32),
		});
		const made = { context, certificateSha256: sha256 };
		this.#contextsFor(request).set(key, made);
		return made;
	}

	#contextsFor({ origin }: LeafRequest): BoundedMap<string, LeafContext> {
		return origin.der.length <= maxKeptOctets ? this.#contexts : this.#largeContexts;
	}

	async #leaf(request: LeafRequest, leafKey: LeafKey): Promise<Uint8Array> {
		const { origin, signer } = request;
		const key = `${origin.fingerprint} ${signer.id} ${request.keyType}`;
		const known = this.#leaves.get(key);
		if (known !== undefined) return known;
		const identity = {
			subject: origin.subject.raw,
			subjectAltName: origin.extension(subjectAltNameOid)?.value,
			notBefore: origin.notBefore,
			notAfter: origin.notAfter,
		};
		const toBeSigned = planLeaf(identity, signer, leafKey, randomBytes(serialOctets));
		const certificate = await this.#sign({ ca: signer.id, toBeSigned, originSha256: origin.fingerprint });
		if (origin.der.length <= maxKeptOctets) this.#leaves.set(key, certificate);
		return certificate;
	}

	async #keyPair(type: "ec" | "rsa"): Promise<LeafKeyPair> {
		const known = this.#keys.get(type);
		if (known !== undefined) return known;
		const made = promisify(generateKeyPair)("rsa", { modulusLength: 2048 }).then((pair) => leafKeyPair(pair, "rsa"));
		this.#keys.set(type, made);
		return made;
	}
}

interface LeafKeyPair {
	/** PKCS #8, PEM. */
	readonly key: string;
	readonly leafKey: LeafKey;
}

function leafKeyPair(pair: { publicKey: KeyObject; privateKey: KeyObject }, keyType: "ec" | "rsa"): LeafKeyPair {
	const publicKeyInfo = pair.publicKey.export({ type: "spki", format: "der" });
	return {
		key: pair.privateKey.export({ type: "pkcs8", format: "pem" }) as string,
		leafKey: { publicKeyInfo, keyIdentifier: keyIdentifier(publicKeyInfo), keyType },
	};
}

function contextKey(request: LeafRequest): string {
	return `${request.origin.fingerprint} ${request.signer.id} ${request.keyType} ${request.variant}`;
}

/** Each holds up to 200 KiB. */
const maxLargeContexts = 64;
const subjectAltNameOid = "2.5.29.17";
const serialOctets = 16;
