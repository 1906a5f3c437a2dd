/** The signing CAs of a running gateway: answers the workers' requests for signatures and tells what was issued. */
import { createHash } from "node:crypto";
import { formatAddress } from "#base/address.ts";
import type { AuthorityView } from "#daemon/gateway-view.ts";
import type { KeyService } from "#daemon/key-service.ts";
import type { ToManaged, ToWorker } from "#daemon/worker-protocol.ts";
import type { Authority } from "#pki/authority-shell.ts";
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

/** What the configuration says about leaves. */
type LeafRules = Omit<MintingRules, "now">;

export class SigningDesk {
	readonly #options: SigningDeskOptions;
	#authorities: ReadonlyMap<string, Authority>;
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
		this.#authorities = this.#options.keys.authorities(ids, Date.now());
		this.#rules = rules;
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

	views(): readonly AuthorityView[] {
		return this.signingCas().map(({ id, notAfter }) => ({ id, notAfter }));
	}

	/** Signs a leaf for a worker. What is no leaf is refused. */
	sign(message: ToManaged & { readonly type: "sign" }, worker: number, answer: (message: ToWorker) => void): void {
		const { counters, event } = this.#options;
		const { request, ca, toBeSigned, originSha256 } = message;
		const authority = this.#authorities.get(ca);
		const signed = authority?.signLeaf(toBeSigned, { ...this.#rules, now: Date.now() }) ?? {
			kind: "refused",
			reason: `no CA "${ca}"`,
		};
		if (authority === undefined || signed.kind === "refused") {
			const reason = signed.kind === "refused" ? signed.reason : "";
			counters.add("issuances_refused");
			event(gatewayEvent("ISSUANCE_REFUSED", Date.now(), { names: [ca], originSha256, worker, reason }));
			return answer({ type: "not-signed", request, reason });
		}
		const { leaf, certificate } = signed;
		answer({ type: "signed", request, certificate });
		counters.add("certificates_issued");
		const names = (leaf.typed.subjectAltName ?? []).slice(0, maxNamesInEvent).map(nameText);
		const leafSha256 = sha256Of(certificate);
		const { serialText: serial, notAfter } = leaf;
		const caSha256 = sha256Of(authority.ca.certificate);
		const facts = { names, serial, leafSha256, originSha256, ca, caSha256, notAfter };
		event(gatewayEvent("CERTIFICATE_ISSUED", Date.now(), facts));
	}

	/** An event for each CA that is new or near its end. */
	announce(): void {
		const now = Date.now();
		for (const authority of this.#authorities.values()) this.#announce(authority, now);
	}

	#announce(authority: Authority, now: number): void {
		const { event } = this.#options;
		const { id: ca, notAfter, certificate } = authority.ca;
		const sha256 = sha256Of(certificate);
		if (authority.isNew && !this.#told.has(authority)) event(gatewayEvent("CA_CREATED", now, { ca, sha256, notAfter }));
		this.#told.add(authority);
		const daysLeft = Math.floor((notAfter - now) / dayMs);
		if (daysLeft < 0) event(gatewayEvent("CA_EXPIRED", now, { ca, sha256, notAfter }));
		else if (daysLeft < expiryWarningDays)
			event(gatewayEvent("CA_EXPIRY_NEAR", now, { ca, sha256, notAfter, daysLeft }));
	}
}

/** A name as a person writes it: the host name or address alone. */
function nameText(name: GeneralName): string {
	if (name.kind === "dns") return name.text;
	return name.kind === "ip" ? formatAddress({ octets: name.octets }) : generalNameText(name);
}

function sha256Of(certificate: Uint8Array): string {
	return createHash("sha256").update(certificate).digest("hex");
}

const expiryWarningDays = 60;
const maxNamesInEvent = 32;
const dayMs = 86_400_000;
