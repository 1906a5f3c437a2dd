/** `security log`: what is recorded of sessions and events, where it is kept and to whom it is sent. */
import { error, type Finding, warning } from "#config/finding.ts";
import { enumeration, integer, name, reference } from "#config/leaf-types.ts";
import { address, endpoint, fileName, host, interfaceName, port } from "#config/network-types.ts";
import { container, flag, leaf, leafList, list, type Snapshot } from "#config/schema.ts";
import { localFacilities } from "#telemetry/syslog-schema.ts";

const formats = {
	"sd-syslog": "RFC 5424 with structured data",
	syslog: "RFC 3164",
	welf: "WebTrends enhanced log format",
	binary: "Binary; for files only",
};

const severities = {
	emergency: "The system cannot be used",
	alert: "Something must be done at once",
	critical: "Critical conditions",
	error: "Errors",
	warning: "Warnings",
	notice: "Conditions that are normal but of note",
	info: "Information",
	debug: "Debugging",
};

const categories = {
	all: "Everything",
	aamw: "Advanced anti-malware",
	"content-security": "Antivirus, web filter, content filter",
	"fw-auth": "Firewall authentication",
	idp: "Intrusion detection",
	nat: "Network address translation",
	screen: "Screens",
	secintel: "Security intelligence",
	session: "Sessions of security policies",
	"ssl-proxy": "TLS inspection",
	pki: "Certificates and keys",
	vpn: "IKE and IPsec",
};

const transport = {
	help: "How logs travel to the collectors",
	children: {
		protocol: leaf(
			enumeration({ udp: "One datagram a message", tcp: "A connection in clear", tls: "A connection in TLS" }),
			{
				help: {
					what: "Transport of stream logs",
					loosened: "danger: with udp and tcp the logs cross the network in clear and can be read, dropped and forged",
				},
				default: "udp",
			},
		),
		"tls-profile": leaf(reference("services ssl initiation profile"), {
			help: "How TLS is made to the collectors; wanted with protocol tls",
		}),
		"tcp-connections": leaf(integer({ min: 1, max: 5, placeholder: "connections" }), {
			help: "Connections to each collector",
			default: 1,
		}),
	},
} as const;
const streamTransport = container(transport);

const stream = list({
	help: "A collector of logs",
	keys: { name: name() },
	engine: "not-yet",
	children: {
		format: leaf(enumeration(formats), { help: "Format of this stream; that of 'security log' when absent" }),
		category: leafList(enumeration(categories), { help: "What is sent", default: ["all"] }),
		host: container({
			help: "The collector",
			children: {
				address: leaf(host(), { help: "Address or name", unnamed: true, mandatory: true }),
				port: leaf(port(), { help: "Port; 514 for udp and tcp, 6514 for tls when absent" }),
				"routing-instance": leaf(reference("routing-instances instance"), { help: "Routing instance to send from" }),
			},
		}),
		severity: leaf(enumeration(severities), { help: "The least severe message that is sent", default: "debug" }),
		filter: leafList(enumeration({ "threat-attack": "Security events that are attacks" }), {
			help: "Only messages of these kinds are sent",
		}),
		"rate-limit": leaf(integer({ min: 1, max: 65_535, unit: "messages-per-second" }), {
			help: { what: "More than this are dropped and counted", grows: "load on the collector" },
		}),
		transport: streamTransport,
	},
});

const receiver = list({
	help: "A port that takes logs of other devices over TLS",
	keys: { name: name() },
	engine: "not-yet",
	children: {
		listen: leaf(endpoint(), { help: "Address and port to accept devices at", mandatory: true }),
		"termination-profile": leaf(reference("services ssl termination profile"), {
			help: "Certificate, versions and client authentication",
			mandatory: true,
		}),
		"maximum-connections": leaf(integer({ min: 1, max: 10_000 }), {
			help: { what: "Devices at one time", grows: "memory, by about 100 KiB a device" },
			default: 256,
		}),
	},
});

const eventStore = container({
	help: "The local store of session records and events",
	children: {
		retention: leaf(integer({ min: 1, max: 3_650, unit: "days" }), {
			help: { what: "How long records are kept", grows: "disk space, and what a thief of the disk learns of users" },
			default: 30,
		}),
		"maximum-size": leaf(integer({ min: 1, max: 1_048_576, unit: "mebibytes" }), {
			help: { what: "Size of the store above which the oldest records go", grows: "disk space" },
			default: 1_024,
		}),
	},
});

export const securityLog = container({
	help: "Records and logs",
	alternatives: [{ of: ["source-address", "source-interface"] }],
	children: {
		cache: flag({ help: "Log security events during the initial set-up of the device", engine: "not-yet" }),
		disable: flag({
			help: { what: "Write no security logs", loosened: "danger: what happens on this gateway leaves no trace" },
			engine: "not-yet",
		}),
		mode: leaf(
			enumeration({
				stream: "Sent to the collectors as it happens",
				event: "Through the system log",
				"stream-event": "Both",
			}),
			{ help: "Where security logs go", engine: "not-yet" },
		),
		format: leaf(enumeration(formats), { help: "Format of security logs", engine: "not-yet" }),
		"utc-timestamp": flag({ help: "Times in UTC", engine: "not-yet" }),
		"event-rate": leaf(integer({ min: 0, max: 1_500, unit: "messages-per-second" }), {
			help: "More than this are not put into the system log in mode event",
			engine: "not-yet",
		}),
		"rate-cap": leaf(integer({ min: 0, max: 5_000, unit: "messages-per-second" }), {
			help: "More than this are dropped and counted",
			engine: "not-yet",
		}),
		"facility-override": leaf(enumeration(localFacilities), { help: "Facility of every message", engine: "not-yet" }),
		"source-address": leaf(address(), { help: "Address that logs are sent from", engine: "not-yet" }),
		"source-interface": leaf(interfaceName("required"), {
			help: "Interface whose address logs are sent from",
			engine: "not-yet",
		}),
		transport: container({ ...transport, engine: "not-yet" }),
		stream,
		file: container({
			help: "The file of mode event with format binary",
			engine: "not-yet",
			children: {
				name: leaf(fileName({ mayHavePath: false }), { help: "Name in the log directory" }),
				size: leaf(integer({ min: 1, max: 1_024, unit: "mebibytes" }), { help: "Size of one file", default: 10 }),
				files: leaf(integer({ min: 2, max: 1_000 }), { help: "How many are kept", default: 10 }),
			},
		}),
		report: flag({ help: "Keep what the reports of the console are made of", engine: "not-yet" }),
		receiver,
		"event-store": eventStore,
	},
});

/** A stream over TLS must say how; a stream without TLS is worth a word. */
export function verifySecurityLog(log: Snapshot<typeof securityLog>): readonly Finding[] {
	const path = ["security", "log"];
	const findings = [...verifyTransport([...path, "transport"], log.transport)];
	for (const [streamName, { host: collector, transport: own, format }] of log.stream) {
		const streamPath = [...path, "stream", streamName];
		findings.push(...verifyTransport([...streamPath, "transport"], own));
		if (format === "binary") findings.push(error(streamPath, "format", "binary is for files; use sd-syslog"));
		if (log.transport.protocol !== "tls" && own.protocol !== "tls") {
			const message = `logs go to ${collector.address} in clear; set transport protocol tls`;
			findings.push(warning(streamPath, "host", message));
		}
	}
	if (log.stream.size > 0 && log.mode === "event")
		findings.push(warning(path, "stream", "in mode event nothing is sent to streams; set mode stream"));
	return findings;
}

function verifyTransport(path: readonly string[], settings: Snapshot<typeof streamTransport>): readonly Finding[] {
	if (settings.protocol === "tls" && settings.tlsProfile === undefined)
		return [error(path, "protocol", "tls needs a 'tls-profile'")];
	if (settings.protocol !== "tls" && settings.tlsProfile !== undefined)
		return [warning(path, "tls-profile", `is not used with protocol ${settings.protocol}`)];
	return [];
}
