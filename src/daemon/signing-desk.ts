/** The signing CAs of a running gateway: answers the workers' requests for signatures and tells what was issued. */
import { hash } from "node:crypto";
import { formatAddress } from "#base/address.ts";
import type { KeyService } from "#daemon/key-service.ts";
import type { SignatureAnswer, SignatureRequest, ToManaged, ToWorker } from "#daemon/worker-protocol.ts";
import type { Authority, LeafAnswer } from "#pki/authority-shell.ts";
import { type GeneralName, generalNameText } from "#pki/general-name.ts";
import type { MintingRules, SigningCa } from "#pki/mint.ts";
import type { Counters } from "#telemetry/counters.ts";
import { type GatewayEvent, gatewayEvent } from "#telemetry/event-table.ts";

export interface SigningDeskOptions {
	/** Open by the time that the desk is made. */
	readonly keys: KeyService;
	readonly event: (event: GatewayEvent) => void;
	readonly counters: Counters;
}

type SignMessage = ToManaged & { readonly type: "sign" };

/** What the configuration says about leaves. */
type LeafRules = Omit<MintingRules, "now">;

export class SigningDesk {
	readonly #options: SigningDeskOptions;
	#authorities: ReadonlyMap<string, Authority>;
	#aside = 0;
	#untold: GatewayEvent[] = [];
	/** Those that were in use a moment ago: handshakes that began under them are finished. At most one for each name. */
	readonly #earlier = new Map<string, { readonly authority: Authority; readonly until: number }>();
	#rules: LeafRules = { maximumLifetimeMs: 0, crlHost: undefined };
	/** Each is told of as new once, not with every commit. */
	readonly #told = new WeakSet<Authority>();

	/** Begins with our own CAs. */
	constructor(options: SigningDeskOptions) {
		this.#options = options;
		this.#authorities = options.keys.authorities([], Date.now());
	}

	/**
	 * Takes the CAs that a configuration uses, beside our own two; from now on leaves follow `rules`. Answers how to go back
	 * to what held before. Throws `FaultError` KEY_STORE_BROKEN.
	 */
	use(ids: readonly string[], rules: LeafRules): () => void {
		const before = { authorities: this.#authorities, rules: this.#rules };
		const now = Date.now();
		this.#authorities = this.#options.keys.authorities(ids, now);
		this.#rules = rules;
		for (const [id, { until }] of this.#earlier) if (until < now) this.#earlier.delete(id);
		for (const [id, authority] of before.authorities)
			if (this.#authorities.get(id) !== authority) this.#earlier.set(id, { authority, until: now + graceMs });
		return () => {
			this.#authorities = before.authorities;
			this.#rules = before.rules;
		};
	}

	/** The CAs in use, for what else they sign. */
	authorities(): Iterable<Authority> {
		return this.#authorities.values();
	}

	/** Public parts of the CAs in use. */
	signingCas(): readonly SigningCa[] {
		return [...this.#authorities.values()].map(({ ca }) => ca);
	}

	/**
	 * Signs leaves for a worker. What is no leaf is refused. What takes long is made aside and answered apart, so that it
	 * keeps nobody else waiting.
	 *
	 * Bounds: at most `maxAside` signatures at a time are made aside; more are refused.
	 */
	sign({ requests }: SignMessage, worker: number, answer: (message: ToWorker) => void): void {
		const answers: SignatureAnswer[] = [];
		for (const request of requests) {
			const authority = this.#authorityFor(request);
			if (authority === undefined) {
				answers.push(this.#refuse(request, worker, `no CA "${request.ca}"`));
			} else if (authority.isSlow) {
				void this.#signAside(request, authority, worker).then((one) => {
					answer({ type: "signed", answers: [one] });
					this.#tell();
				});
			} else {
				const signed = authority.signLeaf(request.toBeSigned, this.#rulesNow());
				answers.push(this.#answered(request, authority, worker, signed));
			}
		}
		if (answers.length > 0) answer({ type: "signed", answers });
		this.#tell();
	}

	async #signAside(request: SignatureRequest, authority: Authority, worker: number): Promise<SignatureAnswer> {
		if (this.#aside >= maxAside) return this.#refuse(request, worker, `${maxAside} signatures are being made already`);
		this.#aside++;
		try {
			const signed = await authority.signLeafAside(request.toBeSigned, this.#rulesNow());
			return this.#answered(request, authority, worker, signed);
		} catch (error) {
			return this.#refuse(request, worker, `the signature failed: ${String(error)}`);
		} finally {
			this.#aside--;
		}
	}

	/** After the answers: nobody waits for the log. */
	#tell(): void {
		const events = this.#untold;
		this.#untold = [];
		for (const event of events) this.#options.event(event);
	}

	#rulesNow(): MintingRules {
		return { ...this.#rules, now: Date.now() };
	}

	#answered(request: SignatureRequest, authority: Authority, worker: number, signed: LeafAnswer): SignatureAnswer {
		if (signed.kind === "refused") return this.#refuse(request, worker, signed.reason);
		const { leaf, certificate } = signed;
		this.#options.counters.add("certificates_issued");
		const { serialText: serial, notAfter } = leaf;
		const facts = {
			names: (leaf.typed.subjectAltName ?? []).slice(0, maxNamesInEvent).map(nameText),
			serial,
			leafSha256: hash("sha256", certificate, "hex"),
			originSha256: request.originSha256,
			ca: authority.ca.id,
			caSha256: fingerprintOf(authority.ca),
			notAfter,
			worker,
			session: request.session,
		};
		this.#untold.push(gatewayEvent("CERTIFICATE_ISSUED", Date.now(), facts));
		return { request: request.request, certificate };
	}

	#refuse({ request, ca, originSha256 }: SignatureRequest, worker: number, reason: string): SignatureAnswer {
		this.#options.counters.add("issuances_refused");
		this.#untold.push(gatewayEvent("ISSUANCE_REFUSED", Date.now(), { names: [ca], originSha256, worker, reason }));
		return { request, reason };
	}

	/** The CA of this name, or the one that it has taken the place of a moment ago, when the leaf names the key of that one. */
	#authorityFor({ ca, toBeSigned }: SignatureRequest): Authority | undefined {
		const authority = this.#authorities.get(ca);
		const earlier = this.#earlier.get(ca);
		if (earlier === undefined || earlier.until < Date.now()) return authority;
		return Buffer.from(toBeSigned).includes(earlier.authority.ca.subjectKeyIdentifier) ? earlier.authority : authority;
	}

	/** An event for each CA that is new. */
	announce(): void {
		const now = Date.now();
		for (const authority of this.#authorities.values()) this.#announce(authority, now);
	}

	#announce(authority: Authority, now: number): void {
		const { event } = this.#options;
		const { id: ca, notAfter } = authority.ca;
		const sha256 = fingerprintOf(authority.ca);
		if (authority.isNew && !this.#told.has(authority)) event(gatewayEvent("CA_CREATED", now, { ca, sha256, notAfter }));
		this.#told.add(authority);
	}
}

/** A name as a person writes it: the host name or address alone. */
function nameText(name: GeneralName): string {
	if (name.kind === "dns") return name.text;
	return name.kind === "ip" ? formatAddress({ octets: name.octets }) : generalNameText(name);
}

function fingerprintOf(ca: SigningCa): string {
	const known = fingerprints.get(ca);
	if (known !== undefined) return known;
	const fingerprint = hash("sha256", ca.certificate, "hex");
	fingerprints.set(ca, fingerprint);
	return fingerprint;
}

const fingerprints = new WeakMap<SigningCa, string>();
/** About two seconds of signatures with RSA keys of 3072 bits, and more than a worker asks for in that time. */
const maxAside = 4_096;
const maxNamesInEvent = 32;
/** Longer than a handshake may take. */
const graceMs = 60_000;
