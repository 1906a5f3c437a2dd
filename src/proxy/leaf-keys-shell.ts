/**
 * The keys that leaves certify: one of each class, made when first needed, replaced once a day. Never a CA's, and never on
 * disk.
 *
 * Bounds: at most one key of each class, and one more of each that is being made.
 */
import { generateKeyPair, generateKeyPairSync, type KeyObject } from "node:crypto";
import { promisify } from "node:util";
import type { LeafKeyClass } from "#pki/leaf-key-class.ts";
import { keyIdentifier, type LeafKey } from "#pki/mint.ts";

export interface LeafKeyPair {
	/** PKCS #8, PEM. */
	readonly key: string;
	readonly leafKey: LeafKey;
	/** When it was made, milliseconds since 1970. */
	readonly madeAt: number;
}

export class LeafKeys {
	readonly #now: () => number;
	readonly #pairs = new Map<LeafKeyClass, LeafKeyPair>();
	readonly #making = new Map<LeafKeyClass, Promise<LeafKeyPair>>();

	/** `now` answers milliseconds since 1970. */
	constructor(now: () => number = Date.now) {
		this.#now = now;
	}

	/** The key of a class; a promise only while the first one is made. An old one serves until its successor is there. */
	get(keyClass: LeafKeyClass): LeafKeyPair | Promise<LeafKeyPair> {
		const known = this.#pairs.get(keyClass);
		if (known !== undefined && this.#now() - known.madeAt < rotationMs) return known;
		if (keyClass === "p256" || keyClass === "p384") {
			const namedCurve = curves[keyClass];
			return this.#keep(keyClass, generateKeyPairSync("ec", { namedCurve }));
		}
		const making = this.#making.get(keyClass) ?? this.#makeRsa(keyClass);
		return known ?? making;
	}

	#makeRsa(keyClass: "rsa2048" | "rsa3072"): Promise<LeafKeyPair> {
		const modulusLength = modulusLengths[keyClass];
		const made = promisify(generateKeyPair)("rsa", { modulusLength })
			.then((pair) => this.#keep(keyClass, pair))
			.finally(() => this.#making.delete(keyClass));
		this.#making.set(keyClass, made);
		// Whoever waits hears of a failure; a rotation that fails is tried again at the next need.
		made.catch(() => undefined);
		return made;
	}

	#keep(keyClass: LeafKeyClass, pair: { publicKey: KeyObject; privateKey: KeyObject }): LeafKeyPair {
		const publicKeyInfo = pair.publicKey.export({ type: "spki", format: "der" });
		const keyType = keyClass === "p256" || keyClass === "p384" ? "ec" : "rsa";
		const made = {
			key: pair.privateKey.export({ type: "pkcs8", format: "pem" }) as string,
			leafKey: { publicKeyInfo, keyIdentifier: keyIdentifier(publicKeyInfo), keyType },
			madeAt: this.#now(),
		} as const;
		this.#pairs.set(keyClass, made);
		return made;
	}
}

const rotationMs = 86_400_000;
const curves = { p256: "P-256", p384: "P-384" } as const;
const modulusLengths = { rsa2048: 2_048, rsa3072: 3_072 } as const;
