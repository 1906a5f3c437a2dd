/** What `show security ike security-associations` prints, in the layout of Junos 12 (B71). */
import { formatAddress } from "#base/address.ts";
import type { AssociationView } from "#ike/association-view.ts";
import type { Place } from "#ike/v2/connection.ts";
import { visibleText } from "#telemetry/display-text.ts";

/** One line an association; nothing when there is none. */
export function ikeTable(associations: readonly AssociationView[]): string {
	if (associations.length === 0) return "";
	const rows = associations.map(({ id, initiatorSpi, responderSpi, path, ...one }) =>
		row(String(id), stateOf(one), initiatorSpi, responderSpi, "IKEv2", formatAddress(path.remote.address)),
	);
	return [row("Index", "State", "Initiator cookie", "Responder cookie", "Mode", "Remote Address"), ...rows].join("");
}

/** Everything about one. `now`: milliseconds since 1970. */
export function ikeDetail(one: AssociationView, now: number): string {
	const { path, algorithms, traffic } = one;
	const count = (value: number) => String(value).padStart(21);
	return `${[
		`IKE peer ${formatAddress(path.remote.address)}, Index ${one.id},`,
		`  Role: ${one.role === "initiator" ? "Initiator" : "Responder"}, State: ${stateOf(one)}`,
		`  Initiator cookie: ${one.initiatorSpi}, Responder cookie: ${one.responderSpi}`,
		`  Exchange type: IKEv2, Authentication method: ${methodOf(one)}`,
		`  Local: ${placeText(path.local)}, Remote: ${placeText(path.remote)}`,
		`  Lifetime: ${Number.isFinite(one.hardAt) ? `Expires in ${secondsUntil(one.hardAt, now)} seconds` : "not valid"}`,
		`  Peer ike-id: ${one.identity === undefined ? "not valid" : visibleText(one.identity)}`,
		"  Xauth assigned IP: 0.0.0.0",
		"  Algorithms:",
		`   Authentication        : ${algorithms === undefined ? "-" : (algorithms.integrity ?? algorithms.cipher)}`,
		`   Encryption            : ${algorithms?.cipher ?? "-"}`,
		`   Pseudo random function: ${algorithms?.prf ?? "-"}`,
		...(algorithms?.additional.length
			? [`   Key exchanges         : ${[algorithms.group, ...algorithms.additional].join(", ")}`]
			: []),
		"  Traffic statistics:",
		`   Input  bytes  :${count(traffic.receivedOctets)}`,
		`   Output bytes  :${count(traffic.sentOctets)}`,
		`   Input  packets:${count(traffic.receivedPackets)}`,
		`   Output packets:${count(traffic.sentPackets)}`,
		`  Flags: ${one.phase === "established" ? "IKE SA is created" : "Waiting for done"}`,
		`  IPSec security associations: ${one.childrenCreated} created, ${one.childrenDeleted} deleted`,
	].join("\n")}\n`;
}

/** Those that a table shows: an association that only answers again is over. */
export function isShown({ phase }: Pick<AssociationView, "phase">): boolean {
	return phase !== "closed";
}

/** Whole seconds, never below zero. */
export function secondsUntil(at: number, now: number): number {
	return Math.max(0, Math.floor((at - now) / 1_000));
}

function stateOf({ phase }: Pick<AssociationView, "phase">): "UP" | "DOWN" {
	return phase === "established" || phase === "replaced" ? "UP" : "DOWN";
}

function methodOf({ authentication, keyType }: AssociationView): string {
	if (authentication === "shared-key") return "Pre-shared-keys";
	if (authentication === "eap") return "EAP";
	if (keyType === "rsa") return "RSA-signatures";
	return keyType === "ec" ? "ECDSA-signatures" : `${keyType ?? "unknown"}-signatures`;
}

/** IPv6 without brackets, as Junos prints it. */
function placeText({ address, port }: Place): string {
	return `${formatAddress(address)}:${port}`;
}

function row(index: string, state: string, initiator: string, responder: string, mode: string, remote: string): string {
	return `${index.padEnd(8)}${state.padEnd(7)}${initiator.padEnd(18)}${responder.padEnd(18)}${mode.padEnd(15)}${remote}\n`;
}
