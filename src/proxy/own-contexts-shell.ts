/**
 * TLS contexts of certificates that stand for servers of one's own: made when a client first asks for the name.
 *
 * Bounds: `capacity` contexts; the one used longest ago goes first.
 */
import { createHash, createPrivateKey, type KeyObject } from "node:crypto";
import { createSecureContext, type SecureContext, type SecureContextOptions } from "node:tls";
import { BoundedMap } from "#base/bounded.ts";
import { certificatePem } from "#pki/pem.ts";
import type { OwnCertificate } from "#proxy/own-certificates.ts";

/** The certificate as what a client presents. */
export function presentedIdentity({ certificates, key }: OwnCertificate): SecureContextOptions {
	const own = createPrivateKey({ key: Buffer.from(key), format: "der", type: "pkcs8" });
	return { key: own.export({ type: "pkcs8", format: "pem" }), cert: certificates.map(certificatePem).join("") };
}

export class OwnContexts {
	readonly #contexts: BoundedMap<string, SecureContext>;
	readonly #keys = new WeakMap<OwnCertificate, KeyObject>();
	readonly #ticketKeys: Buffer;
	readonly #sessionSeconds: number;

	/** `ticketKeys` are 48 octets that all workers share, so that a client may resume at any of them. */
	constructor(capacity: number, ticketKeys: Buffer, sessionSeconds: number) {
		this.#contexts = new BoundedMap(capacity);
		this.#ticketKeys = ticketKeys;
		this.#sessionSeconds = sessionSeconds;
	}

	/**
	 * The context of a certificate under these options; `variant` is the same for equal options.
	 *
	 * Faults: throws what OpenSSL says of a certificate and key that it cannot use.
	 */
	get(own: OwnCertificate, options: SecureContextOptions, variant: string): SecureContext {
		const key = `${own.id} ${variant}`;
		const known = this.#contexts.get(key);
		if (known !== undefined) return known;
		const made = createSecureContext({
			...options,
			key: this.#keyOf(own).export({ type: "pkcs8", format: "pem" }),
			cert: own.certificates.map(certificatePem).join(""),
			ticketKeys: this.#ticketKeys,
			sessionTimeout: this.#sessionSeconds,
			// A ticket is good for the same certificate and options only, and that at every worker.
			sessionIdContext: createHash("sha256")
				.update(`own ${key} `)
				.update(own.certificates[0] ?? "")
				.digest("hex")
				.slice(0, 32),
		});
		this.#contexts.set(key, made);
		return made;
	}

	#keyOf(own: OwnCertificate): KeyObject {
		const known = this.#keys.get(own);
		if (known !== undefined) return known;
		const key = createPrivateKey({ key: Buffer.from(own.key), format: "der", type: "pkcs8" });
		this.#keys.set(own, key);
		return key;
	}
}
