/**
 * Cookies that prove that a client receives at its address, without a memory of it.
 *
 * Shape:  HMAC-SHA-256 over address and port, and what does not change between both hellos: version, random, session, suites.
 * Units:  a secret serves `rotateMs` and is accepted as long again.
 * Bounds: two secrets; one or two HMACs a hello.
 * Source: RFC 6347 §4.2.1.
 */
import { createHmac, timingSafeEqual } from "node:crypto";
import type { ClientHello } from "#tls/client-hello.ts";

export class CookieJar {
	readonly #random: (octets: number) => Uint8Array;
	#current: Uint8Array;
	#before: Uint8Array | undefined;
	#until: number;

	constructor(random: (octets: number) => Uint8Array, now: number) {
		this.#random = random;
		this.#current = random(secretOctets);
		this.#until = now + rotateMs;
	}

	/** `client` names address and port. */
	cookieFor(client: string, hello: ClientHello, now: number): Uint8Array {
		this.#rotate(now);
		return cookie(this.#current, client, hello);
	}

	isOurs(given: Uint8Array, client: string, hello: ClientHello, now: number): boolean {
		if (given.length !== cookieOctets) return false;
		this.#rotate(now);
		const isCurrent = timingSafeEqual(given, cookie(this.#current, client, hello));
		return isCurrent || (this.#before !== undefined && timingSafeEqual(given, cookie(this.#before, client, hello)));
	}

	#rotate(now: number): void {
		if (now < this.#until) return;
		this.#before = now < this.#until + rotateMs ? this.#current : undefined;
		this.#current = this.#random(secretOctets);
		this.#until = now + rotateMs;
	}
}

function cookie(secret: Uint8Array, client: string, hello: ClientHello): Uint8Array {
	return createHmac("sha256", secret)
		.update(`${client} ${hello.legacyVersion} ${hello.cipherSuites.join(" ")} `)
		.update(hello.random)
		.update(hello.sessionId)
		.digest()
		.subarray(0, cookieOctets);
}

const secretOctets = 32;
const cookieOctets = 20;
const rotateMs = 60_000;
