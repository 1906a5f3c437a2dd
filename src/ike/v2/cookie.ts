/**
 * Proof that an initiator receives at its source address, before anything is kept for it (RFC 7296 §2.6).
 *
 *     cookie = | version of the secret (1) | HMAC-SHA-256 over nonce, address and SPI of the initiator (32) |
 */
import { createHmac, timingSafeEqual } from "node:crypto";
import { concat } from "#base/bytes.ts";
import type { RandomOctets } from "#ike/crypto/agree-key.ts";

/** What of the first message a cookie is bound to. */
export interface CookieQuestion {
	readonly nonce: Uint8Array;
	readonly address: Uint8Array;
	readonly initiatorSpi: Uint8Array;
}

/**
 * Makes and checks cookies.
 *
 * Units:  `now` in milliseconds; a secret serves 60 s and is accepted 60 s more.
 * Bounds: two secrets; one HMAC a call; runs before any state of a peer exists.
 */
export class CookieJar {
	readonly #random: RandomOctets;
	#secrets: readonly { readonly version: number; readonly key: Uint8Array; readonly since: number }[] = [];

	constructor(random: RandomOctets) {
		this.#random = random;
	}

	/** The cookie that the initiator must bring. */
	bake(question: CookieQuestion, now: number): Uint8Array {
		const [newest] = this.#current(now);
		if (newest === undefined) throw new Error("no secret for cookies");
		return concat([Uint8Array.of(newest.version), macOf(newest.key, question)]);
	}

	/** True when the cookie was made for the same question; a wrong or old one is false. */
	accepts(cookie: Uint8Array, question: CookieQuestion, now: number): boolean {
		const secret = this.#current(now).find(({ version }) => version === cookie[0]);
		if (secret === undefined || cookie.length !== cookieOctets) return false;
		return timingSafeEqual(macOf(secret.key, question), cookie.subarray(1));
	}

	#current(now: number) {
		const valid = this.#secrets.filter(({ since }) => now - since < 2 * secretLifetime);
		const [newest] = valid;
		if (newest === undefined || now - newest.since >= secretLifetime) {
			const version = ((newest?.version ?? -1) + 1) & 0xff;
			valid.unshift({ version, key: this.#random(32), since: now });
		}
		this.#secrets = valid.slice(0, 2);
		return this.#secrets;
	}
}

function macOf(key: Uint8Array, { nonce, address, initiatorSpi }: CookieQuestion): Uint8Array {
	return createHmac("sha256", key).update(nonce).update(address).update(initiatorSpi).digest();
}

const secretLifetime = 60_000;
const cookieOctets = 33;
