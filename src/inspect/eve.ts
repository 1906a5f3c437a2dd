/** Alerts as lines of JSON in the form of Suricata's EVE, so that what reads those reads these. */
import { formatAddress } from "#base/address.ts";
import { headerValue } from "#http/head.ts";
import type { AttackSeverity } from "#inspect/attack-severity.ts";
import { classifications } from "#signature/classifications.ts";
import type { SignatureProtocol } from "#signature/signature.ts";
import { toServer } from "#signature/signature-engine.ts";
import type { Alert, FlowFacts } from "#signature/signature-flow.ts";

/** What an alert is about. */
export interface EveFlow {
	readonly facts: Omit<FlowFacts, "hasPackets">;
	readonly protocol: SignatureProtocol;
	/** The same in every line of one connection. */
	readonly flowId: number;
	readonly sni?: string | undefined;
	/** False where traffic was only looked at: nothing is blocked then. */
	readonly isInline: boolean;
	/** Bits that rules have set on the connection. */
	readonly bits: readonly string[];
	/** Of a session of the gateway. */
	readonly of?: {
		readonly session: string;
		readonly policy: string;
		readonly rule: string;
		/** What the rule says; that of the signature when undefined. */
		readonly severity: AttackSeverity | undefined;
	};
}

/** One line, without its end. `at` in milliseconds since 1970, with fractions. */
export function eveAlert(
	{ signature, direction, request, response, isBlocking }: Alert,
	flow: EveFlow,
	at: number,
): string {
	const { client, clientPort, server, serverPort } = flow.facts;
	const [source, sourcePort, destination, destinationPort] =
		direction === toServer ? [client, clientPort, server, serverPort] : [server, serverPort, client, clientPort];
	return JSON.stringify({
		timestamp: eveTime(at),
		flow_id: flow.flowId,
		event_type: "alert",
		src_ip: formatAddress(source),
		src_port: sourcePort,
		dest_ip: formatAddress(destination),
		dest_port: destinationPort,
		proto: flow.protocol === "udp" ? "UDP" : "TCP",
		...(flow.bits.length === 0 ? {} : { metadata: { flowbits: flow.bits } }),
		alert: {
			action: isBlocking && flow.isInline ? "blocked" : "allowed",
			gid: signature.gid,
			signature_id: signature.sid,
			rev: signature.rev,
			signature: signature.message,
			category: classifications.get(signature.classtype ?? "")?.description ?? "",
			severity: flow.of?.severity === undefined ? signature.priority : severityNumbers[flow.of.severity],
			...(signature.metadata.length === 0 ? {} : { metadata: metadataOf(signature.metadata) }),
			...(signature.target === undefined
				? {}
				: signature.target === "src_ip"
					? { source: end(destination, destinationPort), target: end(source, sourcePort) }
					: { source: end(source, sourcePort), target: end(destination, destinationPort) }),
		},
		...(request === undefined
			? {}
			: {
					http: {
						hostname: headerValue(request, "host"),
						url: request.target,
						http_user_agent: headerValue(request, "user-agent"),
						http_refer: headerValue(request, "referer"),
						http_content_type: response === undefined ? undefined : headerValue(response, "content-type"),
						http_method: request.method,
						protocol: `HTTP/${request.version}`,
						status: response?.status,
					},
				}),
		...(flow.sni === undefined ? {} : { tls: { sni: flow.sni } }),
		...(flow.of === undefined
			? {}
			: { sallyport: { session: flow.of.session, idp_policy: flow.of.policy, rule: flow.of.rule } }),
		app_proto: flow.protocol,
		direction: direction === toServer ? "to_server" : "to_client",
	});
}

/** As EVE writes moments: microseconds and the zone, which is UTC. */
function eveTime(at: number): string {
	const micros = Math.round(at * 1_000);
	const rest = String(micros % 1_000).padStart(3, "0");
	return new Date(Math.floor(micros / 1_000)).toISOString().replace("Z", `${rest}+0000`);
}

function end(address: FlowFacts["client"], port: number) {
	return { ip: formatAddress(address), port };
}

/** `key value` pairs; a key that comes again has several values. */
function metadataOf(words: readonly string[]): Record<string, string[]> {
	const metadata: Record<string, string[]> = Object.create(null);
	for (const word of words) {
		const space = word.indexOf(" ");
		const key = space === -1 ? word : word.slice(0, space);
		metadata[key] ??= [];
		metadata[key].push(space === -1 ? "" : word.slice(space + 1).trim());
	}
	return metadata;
}

/** EVE has numbers, 1 the most severe. */
const severityNumbers: Readonly<Record<AttackSeverity, number>> = {
	critical: 1,
	major: 1,
	minor: 2,
	warning: 3,
	info: 4,
};
