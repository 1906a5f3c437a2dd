/** The signing CAs of a running gateway: answers the workers' requests for signatures and tells what was issued. */
import { createHash } from "node:crypto";
import { writeFileSync } from "node:fs";
import { formatAddress } from "#base/address.ts";
import { trustedCaId, untrustedCaId } from "#daemon/default-configuration.ts";
import type { AuthorityView } from "#daemon/gateway-view.ts";
import type { ToManaged, ToWorker } from "#daemon/worker-protocol.ts";
import { type Authority, loadAuthority, openAuthority, storedAuthorityIds } from "#pki/authority-shell.ts";
import { type GeneralName, generalNameText } from "#pki/general-name.ts";
import type { SigningCa } from "#pki/mint.ts";
import { certificatePem } from "#pki/pem.ts";
import type { Counters } from "#telemetry/counters.ts";
import { type GatewayEvent, gatewayEvent } from "#telemetry/event-table.ts";

export interface SigningDeskOptions {
	/** Where keys and certificates of the CAs lie. */
	readonly directory: string;
	/** Milliseconds since 1970. */
	readonly now: number;
	readonly event: (event: GatewayEvent) => void;
	readonly counters: Counters;
}

export class SigningDesk {
	readonly #options: SigningDeskOptions;
	/** The two that every installation has. */
	readonly #own: ReadonlyMap<string, Authority>;
	#authorities: ReadonlyMap<string, Authority>;

	/** Opens our own CAs, or makes them. Throws `FaultError` KEY_STORE_BROKEN. */
	constructor(options: SigningDeskOptions) {
		this.#options = options;
		this.#own = openOwnAuthorities(options.directory, options.now);
		this.#authorities = this.#own;
	}

	/** Names of the signing certificates that a configuration may use. */
	ids(): ReadonlySet<string> {
		return new Set([...this.#own.keys(), ...storedAuthorityIds(this.#options.directory)]);
	}

	/**
	 * Loads the CAs that a configuration uses: our own two and any `keys/NAME.key` with `keys/NAME.crt`. Answers how to go
	 * back to those in use before. Throws `FaultError` KEY_STORE_BROKEN.
	 */
	use(ids: readonly string[]): () => void {
		const before = this.#authorities;
		const authorities = new Map(this.#own);
		for (const id of ids) if (!authorities.has(id)) authorities.set(id, loadAuthority(this.#options.directory, id));
		this.#authorities = authorities;
		return () => {
			this.#authorities = before;
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
		const signed = authority?.signLeaf(toBeSigned) ?? { kind: "refused", reason: `no CA "${ca}"` };
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

	/** An event for each CA that is new or near its end; the certificate of `published`, or of our own CA, into `file`. */
	publish(published: string | undefined, file: string): void {
		const now = Date.now();
		for (const authority of this.#authorities.values()) this.#announce(authority, now);
		const chosen = this.#authorities.get(published ?? trustedCaId) ?? this.#authorities.get(trustedCaId);
		if (chosen === undefined) return;
		// The certificate is public: clients on this host read it where it lies.
		writeFileSync(file, certificatePem(chosen.ca.certificate), { mode: 0o600 });
	}

	#announce(authority: Authority, now: number): void {
		const { event } = this.#options;
		const { id: ca, notAfter, certificate } = authority.ca;
		const sha256 = sha256Of(certificate);
		if (authority.isNew) event(gatewayEvent("CA_CREATED", now, { ca, sha256, notAfter }));
		const daysLeft = Math.floor((notAfter - now) / dayMs);
		if (daysLeft < 0) event(gatewayEvent("CA_EXPIRED", now, { ca, sha256, notAfter }));
		else if (daysLeft < expiryWarningDays)
			event(gatewayEvent("CA_EXPIRY_NEAR", now, { ca, sha256, notAfter, daysLeft }));
	}
}

function openOwnAuthorities(directory: string, now: number): Map<string, Authority> {
	const plans = [
		{ id: trustedCaId, title: "Sallyport CA", lifetimeDays: caLifetimeDays },
		{ id: untrustedCaId, title: "UNTRUSTED by Sallyport", lifetimeDays: caLifetimeDays },
	];
	return new Map(plans.map((plan) => [plan.id, openAuthority(directory, plan, now)]));
}

/** A name as a person writes it: the host name or address alone. */
function nameText(name: GeneralName): string {
	if (name.kind === "dns") return name.text;
	return name.kind === "ip" ? formatAddress({ octets: name.octets }) : generalNameText(name);
}

function sha256Of(certificate: Uint8Array): string {
	return createHash("sha256").update(certificate).digest("hex");
}

const caLifetimeDays = 1_825;
const expiryWarningDays = 60;
const maxNamesInEvent = 32;
const dayMs = 86_400_000;
