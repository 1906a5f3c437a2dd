/** One session told in sentences: what was asked, decided, verified, shown to the client, inspected, and why it ended. */

import { formatEndpoint } from "#base/address.ts";
import { type FaultCode, faultTable } from "#base/fault-table.ts";
import { visibleText } from "#telemetry/display-text.ts";
import type { GatewayEvent } from "#telemetry/event-table.ts";
import { faultAdvice } from "#telemetry/fault-advice.ts";
import { localTime } from "#telemetry/format-session.ts";
import { sessionOutcome } from "#telemetry/session-outcome.ts";
import type { Finding, LegRecord, SessionRecord } from "#telemetry/session-record.ts";

/**
 * The whole way of a connection for a reader who was not there. Text from outside is escaped; lines are not wrapped.
 *
 * @param issued the issuance of the client's certificate, where the store still has it.
 */
export function explainSession(record: SessionRecord, issued?: GatewayEvent<"CERTIFICATE_ISSUED">): string {
	const parts: readonly (readonly [string, readonly string[]])[] = [
		["Asked", asked(record)],
		["Decided", decided(record)],
		["Server", verified(record)],
		["Client got", shown(record, issued)],
		["TLS", legs(record)],
		["Inspected", inspected(record)],
		["Carried", carried(record)],
		["Timing", timing(record)],
		["Ended", ended(record)],
	];
	const lines = [`Session ${record.id}: ${sessionOutcome(record)}`];
	for (const [title, sentences] of parts) {
		sentences.forEach((sentence, index) => {
			lines.push(`${(index === 0 ? title : "").padEnd(titleWidth)}${sentence}`);
		});
	}
	return `${lines.map(visibleText).join("\n")}\n`;
}

function asked(record: SessionRecord): readonly string[] {
	const { server, sni } = record;
	const client = formatEndpoint({ host: record.client.address, port: record.client.port });
	const wanted = server.host === "" ? "no server yet" : formatEndpoint(server);
	const sentences = [
		`On ${localTime(record.startedAt)} client ${client} asked listener "${record.listener}" for ${wanted}.`,
	];
	if (server.address !== undefined) {
		sentences.push(`The gateway connected to ${formatEndpoint({ host: server.address, port: server.port })}.`);
	}
	if (sni !== undefined) {
		const isSame = sni.toLowerCase() === server.host.toLowerCase();
		sentences.push(isSame ? "Its ClientHello names the same host." : `Its ClientHello names another host: ${sni}.`);
	} else if (record.timing.helloMs !== undefined) {
		sentences.push("Its ClientHello names no host.");
	}
	if (record.hasEch === true) sentences.push(echTexts[record.ech ?? "cannot-tell"]);
	if (record.nameCheck !== undefined) sentences.push(nameCheckTexts[record.nameCheck]);
	const prints = [record.ja3 && `JA3 ${record.ja3}`, record.ja4 && `JA4 ${record.ja4}`].filter(Boolean);
	if (prints.length > 0) sentences.push(`Its fingerprint is ${prints.join(", ")}.`);
	return sentences;
}

function decided(record: SessionRecord): readonly string[] {
	if (record.decision === "none") return ["Nothing was decided: the connection ended before the policy was asked."];
	const what = { decrypt: "decrypt it", bypass: "relay it untouched", block: "block it" }[record.decision];
	// Before a ClientHello a stage decides alone: the rule is its own, and no policy was asked.
	const isAlone = record.stage === undefined || record.rule.startsWith(`${record.stage} `);
	const by = `Rule "${record.rule}"${isAlone ? "" : ` permits it, and the stage ${record.stage}`}`;
	const sentences = [`${by} said: ${what}; the fact that decided: ${record.fact}.`];
	if (record.rateLimit !== undefined) sentences.push(`It shared the rate of traffic-management ${record.rateLimit}.`);
	if (record.profile !== undefined) sentences.push(`Profile "${record.profile}" says how.`);
	return sentences;
}

function verified(record: SessionRecord): readonly string[] {
	if (record.decision === "bypass") return ["The gateway did not verify it: the client talks to the server itself."];
	if (record.serverTrust === undefined) {
		if (record.serverLeg !== undefined) return ["No verdict was recorded."];
		return [isOffloaded(record) ? "It was spoken to in clear." : "No TLS session with a server was made."];
	}
	const print = record.serverLeg?.certificateSha256;
	const which = print === undefined ? "Its certificate" : `Its certificate ${print}`;
	const repaired = record.isChainRepaired === true ? [repairedText] : [];
	const revocation = [...repaired, ...revocationText(record)];
	if (isTrusted(record)) return [`${which} was verified and is trusted.`, ...revocation];
	return [`${which} is not trusted: ${record.serverTrust}.`, ...revocation];
}

function revocationText({ revocation, serverTrust }: SessionRecord): readonly string[] {
	if (revocation === undefined) return serverTrust === "trusted" ? ["Nobody asked whether it was revoked."] : [];
	const { answer, source, sentence: words } = revocation;
	const by = source === "none" ? "" : `, by ${sourceNames[source] ?? source}`;
	return [`Revocation: ${answer}${by}: ${words}.`];
}

function shown(record: SessionRecord, issued: GatewayEvent<"CERTIFICATE_ISSUED"> | undefined): readonly string[] {
	const leaf = record.clientLeg?.certificateSha256;
	if (record.decision === "bypass") return ["The server's own certificate; nothing was forged."];
	if (record.clientLeg === undefined) {
		if (record.faultCode === "CLIENT_REFUSED_OWN_CERTIFICATE")
			return ["The listener's own certificate, which it did not accept."];
		if (isWithoutClientTls(record)) return ["No certificate: it speaks in clear."];
		const isRefused = record.faultCode?.startsWith("CLIENT_") === true && record.serverTrust !== undefined;
		return [
			isRefused
				? "A minted certificate, which it did not accept."
				: "No certificate: no TLS session with the client was made.",
		];
	}
	if (leaf === undefined) return ["A certificate of the gateway; its fingerprint was not recorded."];
	if (record.clientLeg.isOwnCertificate === true)
		return [`Certificate ${leaf}, which was loaded for this listener; nothing was forged.`];
	if (issued === undefined) {
		const ca = isTrusted(record)
			? "the trusted CA"
			: "the untrusted CA, so that the client warns as it would without the gateway";
		return [`Certificate ${leaf}, signed by ${ca}.`];
	}
	const { fields } = issued;
	const sentences = [
		`Certificate ${leaf}, signed by CA "${fields.ca}".`,
		`It was issued on ${localTime(issued.at)} with serial ${fields.serial} for ${shortList(fields.names)}; it ends ${localTime(fields.notAfter)}.`,
	];
	const isLinked = record.serverLeg?.certificateSha256 === fields.originSha256;
	sentences.push(
		isLinked
			? "The issuance log links it to the server certificate above."
			: `The issuance log links it to another server certificate: ${fields.originSha256}.`,
	);
	return sentences;
}

function legs(record: SessionRecord): readonly string[] {
	if (record.decision === "bypass") return ["End to end between client and server; the gateway holds no keys of it."];
	const toClient = isWithoutClientTls(record) ? "in clear" : legText(record.clientLeg);
	const toServer = isOffloaded(record) ? "in clear" : legText(record.serverLeg);
	return [`Client side: ${toClient}.`, `Server side: ${toServer}.`];
}

function legText(leg: LegRecord | undefined): string {
	if (leg === undefined) return "not established";
	const group = leg.group === undefined ? "" : `, key exchange ${leg.group}`;
	const alpn = leg.alpn === undefined ? ", no ALPN" : `, ALPN ${leg.alpn}`;
	return `${leg.version}, ${leg.cipherSuite}${group}${alpn}, ${leg.isResumed ? "resumed" : "full handshake"}`;
}

function inspected(record: SessionRecord): readonly string[] {
	const what = {
		inspected: "The decrypted traffic was inspected",
		"decrypted, not inspected": "The traffic was decrypted, but its protocol was not inspected",
		"not decrypted": "Nothing was decrypted",
	}[record.inspection];
	if (record.findings.length === 0) return [`${what}; nothing was found.`];
	return [`${what}; findings: ${record.findings.length}.`, ...record.findings.map(findingText)];
}

function findingText(finding: Finding): string {
	const request = finding.request === undefined ? "" : ` of ${finding.request}`;
	const verdict = finding.verdict === "block" ? "blocked" : "reported only";
	return `- ${finding.service} found "${finding.name}" in the ${finding.where.replace("-", " ")}${request}: ${verdict}.`;
}

function carried(record: SessionRecord): readonly string[] {
	const { octetsToServer, octetsToClient, requests } = record;
	const count = requests === 1 ? "1 request" : `${requests} requests`;
	const http = record.inspection === "inspected" || requests > 0 ? `; HTTP: ${count}` : "";
	return [`${octetsToServer} octets to the server, ${octetsToClient} octets to the client${http}.`];
}

function timing(record: SessionRecord): readonly string[] {
	const { helloMs, serverReadyMs, clientReadyMs } = record.timing;
	const steps = [
		helloMs !== undefined && `ClientHello read after ${rounded(helloMs)} ms`,
		serverReadyMs !== undefined && `server ready after ${rounded(serverReadyMs)} ms`,
		clientReadyMs !== undefined && `client ready after ${rounded(clientReadyMs)} ms`,
		`ended after ${duration(record.endedAt - record.startedAt)}`,
	];
	return [sentence(steps.filter((step) => step !== false).join(", "))];
}

function ended(record: SessionRecord): readonly string[] {
	const because = sentence(record.endedBecause.replace(/\.$/, ""));
	if (record.faultCode === undefined) return [because];
	const says = Object.hasOwn(faultTable, record.faultCode)
		? `: ${faultTable[record.faultCode as FaultCode].says} (${faultTable[record.faultCode as FaultCode].blame})`
		: "";
	return [because, `Fault ${record.faultCode}${says}.`, faultAdvice(record.faultCode)];
}

function sentence(text: string): string {
	return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}

function shortList(names: readonly string[]): string {
	const more = names.length - longestList;
	return names.slice(0, longestList).join(", ") + (more > 0 ? ` and ${more} more` : "");
}

function isTrusted(record: SessionRecord): boolean {
	return record.serverTrust === "trusted";
}

/** TLS was taken off: it is a listener's nature, and so no want of a server that failed. */
function isOffloaded(record: SessionRecord): boolean {
	return record.listener.startsWith("offload ") && record.clientLeg !== undefined;
}

/** The client spoke in clear, and TLS was made to its server. */
function isWithoutClientTls(record: SessionRecord): boolean {
	return record.listener.startsWith("encrypt ") && record.serverLeg !== undefined;
}

function rounded(value: number): string {
	return value < 10 ? String(Math.round(value * 10) / 10) : String(Math.round(value));
}

function duration(milliseconds: number): string {
	if (milliseconds < 1_000) return `${rounded(Math.max(0, milliseconds))} ms`;
	const seconds = milliseconds / 1_000;
	if (seconds < 120) return `${rounded(seconds)} s`;
	return seconds < 7_200 ? `${Math.round(seconds / 60)} min` : `${rounded(seconds / 3_600)} h`;
}

const repairedText =
	"The server left certificates out of its chain; they were fetched from where its certificate says.";
const echTexts: Readonly<Record<NonNullable<SessionRecord["ech"]>, string>> = {
	real: "The true name is hidden behind that one: it was encrypted for a key that is known (Encrypted ClientHello).",
	grease:
		"It offers Encrypted ClientHello for show (GREASE): no known key of that name fits, and the name shown counts.",
	inner: "It is the inner part of an Encrypted ClientHello, which no client sends by itself.",
	"cannot-tell": "It offers Encrypted ClientHello; the name shown may not be the true one.",
};
const nameCheckTexts: Readonly<Record<NonNullable<SessionRecord["nameCheck"]>, string>> = {
	agrees: "The server that it addressed has that name.",
	differs: "The server that it addressed is at no address of that name, as far as this host's resolver knows.",
	unresolved: "Whether the server that it addressed has that name could not be found out.",
};
const sourceNames: Readonly<Record<string, string>> = {
	staple: "the OCSP response that the server sent along",
	ocsp: "its OCSP responder",
	crl: "its revocation list",
	"short-lived": "its short life",
};
const titleWidth = 12;
const longestList = 8;
