/** What a worker puts between its configuration, its resolver and the revocation of servers' certificates. */
import { type Address, parseAddress } from "#base/address.ts";
import type { ToManaged } from "#daemon/worker-protocol.ts";
import type { Certificate } from "#pki/certificate.ts";
import type { RevocationPlan } from "#pki/compile-revocation.ts";
import { type Crl, decodeCrl } from "#pki/crl.ts";
import type { LookUp } from "#pki/fetch-shell.ts";
import { readPemCertificates } from "#pki/pem.ts";
import type { RevocationVerdict } from "#pki/revocation.ts";
import type { AuthorityRevocation } from "#pki/revocation-settings.ts";
import type { PathQuestion, RevocationConfiguration } from "#pki/revocation-shell.ts";
import type { Resolver } from "#proxy/resolver-shell.ts";
import { type CounterId, gatewayEvent } from "#telemetry/event-table.ts";

/** The settings of CA profiles by their certificates. */
export function revocationConfiguration(
	{ authorities }: RevocationPlan,
	caProfiles: ReadonlyMap<string, readonly string[]>,
	lists: readonly Uint8Array[],
): RevocationConfiguration {
	const byFingerprint = new Map<string, AuthorityRevocation>();
	const crlIssuers: Certificate[] = [];
	for (const [name, pems] of caProfiles) {
		const settings = authorities.get(name);
		for (const certificate of pems.flatMap(readPemCertificates)) {
			crlIssuers.push(certificate);
			if (settings !== undefined) byFingerprint.set(certificate.fingerprint, settings);
		}
	}
	return { authorities: byFingerprint, loadedCrls: lists.flatMap(readList), crlIssuers };
}

function readList(der: Uint8Array): Crl[] {
	const decoded = decodeCrl(der);
	return decoded.kind === "done" ? [decoded.value] : [];
}

/** The worker's resolver, and addresses that are written as such. */
export function lookUp(resolver: Resolver, host: string, answer: Parameters<LookUp>[1]): void {
	const literal = parseAddress(host);
	if (literal !== undefined) return answer([literal]);
	resolver.resolve(host, Date.now(), (found) => {
		answer(found.kind === "resolved" ? found.addresses : found.fault.message);
	});
}

/** Before there is a configuration. */
export const refuseLookUp: LookUp = (_, answer) => answer([] as readonly Address[]);

/** An event for each verdict that is new and not good. A path that names nobody to ask is told by its records alone. */
export function reportRevocation(
	{ path, settings }: PathQuestion & { readonly settings: { readonly dropsUnavailable?: boolean } },
	verdict: RevocationVerdict,
	isAskable: boolean,
	send: (message: ToManaged) => void,
): void {
	const { answer, source, sentence: reason } = verdict;
	const leaf = path[0];
	if (leaf === undefined || answer === "good") return;
	const facts = { subject: leaf.subject.text.slice(0, maxSubject), originSha256: leaf.fingerprint, reason };
	if (answer !== "unavailable") {
		const event = gatewayEvent("SERVER_CERTIFICATE_REVOKED", Date.now(), { ...facts, answer, source });
		return send({ type: "event", event });
	}
	if (!isAskable) return;
	const action = settings.dropsUnavailable === true ? "ended" : "allowed";
	send({ type: "event", event: gatewayEvent("REVOCATION_UNAVAILABLE", Date.now(), { ...facts, action }) });
}

/** An event for a server whose chain was completed. */
export function reportRepair(
	leaf: Certificate,
	fetchedFrom: readonly string[],
	send: (message: ToManaged) => void,
): void {
	const facts = { subject: leaf.subject.text.slice(0, maxSubject), originSha256: leaf.fingerprint, fetchedFrom };
	send({ type: "event", event: gatewayEvent("CHAIN_REPAIRED", Date.now(), facts) });
}

/** What a session counts as, by the answer in its record. */
export const revocationCounters: Readonly<Record<string, CounterId>> = {
	revoked: "servers_revoked",
	unknown: "servers_status_refused",
	"staple-missing": "servers_status_refused",
	unavailable: "servers_status_unavailable",
};

const maxSubject = 200;
