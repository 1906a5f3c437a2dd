/**
 * TLS contexts of the client leg: one per validated chain of a server, signer, key class and group, minted when first
 * needed and kept.
 *
 * Bounds: `capacity` contexts and leaves, and `maxLargeContexts` for large certificates; the one used longest ago goes
 * first, and each goes after the configured time. At most one signature is asked for per context, however many sessions
 * wait for it.
 */
import { createHash, hash } from "node:crypto";
import { createSecureContext, type SecureContext, type SecureContextOptions } from "node:tls";
import { BoundedMap } from "#base/bounded.ts";
import type { SigningCa } from "#pki/mint.ts";
import { certificatePem } from "#pki/pem.ts";
import { maxKeptOctets } from "#proxy/judge-server.ts";
import { LeafMint, type LeafWish, type MintedLeaf, type SignLeaf } from "#proxy/leaf-mint-shell.ts";
import type { LeafSettings } from "#proxy/leaf-settings.ts";

/** A context and the fingerprint of the leaf in it. */
export interface LeafContext {
	readonly context: SecureContext;
	readonly certificateSha256: string;
}

/** What a context is wanted for. */
export interface LeafRequest extends LeafWish {
	/** Names the server's certificate with its validated issuers (`JudgedServer`). */
	readonly chain: string;
	/** Options of the client leg without key and certificate; `variant` is the same for equal options. */
	readonly options: SecureContextOptions;
	readonly variant: string;
}

/** A leaf that is kept, as it is shown. */
export interface KeptLeaf extends Omit<MintedLeaf, "certificate" | "pair"> {
	/** Sessions that it served. */
	readonly uses: number;
}

interface Leaf extends MintedLeaf {
	uses: number;
}

interface Kept extends LeafContext {
	readonly leaf: Leaf;
}

export class LeafContexts {
	readonly #contexts: BoundedMap<string, Kept>;
	/** The contexts for large certificates, apart from the others so that few of them are kept. */
	readonly #largeContexts = new BoundedMap<string, Kept>(maxLargeContexts);
	readonly #waiting = new Map<string, Promise<LeafContext>>();
	readonly #leaves: BoundedMap<string, Leaf>;
	readonly #mint: LeafMint;
	readonly #ticketKeys: Buffer;
	readonly #now: () => number;
	#settings: LeafSettings;
	/** Grows when everything is forgotten: what was asked for before is not kept. */
	#generation = 0;
	#hits = 0;

	/** `ticketKeys` are 48 octets that all workers share, so that a client may resume at any of them. */
	constructor(
		sign: SignLeaf,
		ticketKeys: Buffer,
		capacity: number,
		settings: LeafSettings,
		now: () => number = Date.now,
	) {
		this.#ticketKeys = ticketKeys;
		this.#contexts = new BoundedMap(capacity);
		this.#leaves = new BoundedMap(capacity);
		this.#settings = settings;
		this.#now = now;
		this.#mint = new LeafMint(sign, now);
	}

	get size(): number {
		return this.#contexts.size + this.#largeContexts.size;
	}

	/** The context when it is there already: the way of almost every session. */
	find(request: LeafRequest): LeafContext | undefined {
		const contexts = this.#contextsFor(request);
		const key = contextKey(request);
		const known = contexts.get(key);
		if (known === undefined) return undefined;
		if (known.leaf.expiresAt > this.#now()) {
			known.leaf.uses++;
			this.#hits++;
			return known;
		}
		contexts.take(key);
		return undefined;
	}

	/** The context, minted if need be. Rejects when no signature is to be had. */
	get(request: LeafRequest): Promise<LeafContext> {
		const known = this.find(request);
		if (known !== undefined) return Promise.resolve(known);
		const key = contextKey(request);
		if (this.#settings.keepMs === 0) return this.#make(request, key);
		const waiting = this.#waiting.get(key);
		if (waiting !== undefined) return waiting;
		const made = this.#make(request, key).finally(() => {
			if (this.#waiting.get(key) === made) this.#waiting.delete(key);
		});
		this.#waiting.set(key, made);
		return made;
	}

	/** How many sessions found their context since this was asked last. */
	takeHits(): number {
		const hits = this.#hits;
		this.#hits = 0;
		return hits;
	}

	/** Other settings make what was minted under those before worthless. */
	configure(settings: LeafSettings): void {
		const before = JSON.stringify(this.#settings);
		this.#settings = settings;
		if (JSON.stringify(settings) !== before) this.clear();
	}

	/** Forgets every context, so that the next session of each server gets a new leaf. */
	clear(): void {
		this.#generation++;
		this.#contexts.clear();
		this.#largeContexts.clear();
		this.#leaves.clear();
		this.#waiting.clear();
	}

	/** The leaves that are kept, at most `limit`, those used last at the end. */
	kept(limit: number): readonly KeptLeaf[] {
		const now = this.#now();
		const leaves = [...this.#leaves.values()].filter(({ expiresAt }) => expiresAt > now).slice(-limit);
		return leaves.map(({ certificate: _, pair: __, ...shown }) => shown);
	}

	get leafCount(): number {
		return this.#leaves.size;
	}

	async #make(request: LeafRequest, key: string): Promise<LeafContext> {
		const generation = this.#generation;
		const leaf = await this.#leaf(request);
		leaf.uses++;
		const context = createSecureContext({
			...request.options,
			key: leaf.pair.key,
			cert: [leaf.certificate, ...request.signer.chain].map(certificatePem).join(""),
			ticketKeys: this.#ticketKeys,
			sessionTimeout: this.#settings.sessionSeconds,
			// A ticket is good for the same chain, signer and options only, and that at every worker.
			sessionIdContext: createHash("sha256").update(key).digest("hex").slice(0, 32),
		});
		const made = { context, certificateSha256: leaf.certificateSha256, leaf };
		if (this.#mayKeep(generation)) this.#contextsFor(request).set(key, made);
		return made;
	}

	#mayKeep(generation: number): boolean {
		return this.#settings.keepMs > 0 && generation === this.#generation;
	}

	#contextsFor({ origin }: LeafRequest): BoundedMap<string, Kept> {
		return origin.der.length <= maxKeptOctets ? this.#contexts : this.#largeContexts;
	}

	async #leaf(request: LeafRequest): Promise<Leaf> {
		const { origin } = request;
		const key = leafKey(request);
		const known = this.#leaves.get(key);
		const generation = this.#generation;
		if (known !== undefined && known.expiresAt > this.#now()) return known;
		const leaf = { ...(await this.#mint.mint(request, this.#settings)), uses: 0 };
		if (this.#mayKeep(generation) && origin.der.length <= maxKeptOctets) this.#leaves.set(key, leaf);
		return leaf;
	}
}

function leafKey({ chain, signer, keyClass }: LeafRequest): string {
	return `${chain} ${signerKey(signer)} ${keyClass}`;
}

function contextKey(request: LeafRequest): string {
	return `${leafKey(request)} ${request.variant}`;
}

/** A CA that was replaced under its name is another one. */
function signerKey(signer: SigningCa): string {
	const known = signerKeys.get(signer);
	if (known !== undefined) return known;
	const key = hash("sha256", signer.certificate, "base64");
	signerKeys.set(signer, key);
	return key;
}

const signerKeys = new WeakMap<SigningCa, string>();
/** Each holds up to 200 KiB. */
const maxLargeContexts = 64;
