/** `applications`: protocols and ports under a name, for the policies. */
import { error, type Finding } from "#config/finding.ts";
import { enumeration, integer, keyword, name, reference, text, union } from "#config/leaf-types.ts";
import { container, leaf, list, type Snapshot } from "#config/schema.ts";
import { ipProtocol, ipProtocols, portRange } from "#policy/application-types.ts";
import { predefinedApplicationHelp, predefinedApplications } from "#policy/predefined-applications.ts";
import { namesOnRings } from "#policy/rings.ts";

const gateways = {
	dns: "DNS",
	ftp: "FTP",
	h323: "H.323",
	http: "HTTP",
	https: "HTTPS",
	ignore: "None",
	"ike-esp-nat": "IKE and ESP through NAT",
	imap: "IMAP",
	"ms-rpc": "Microsoft RPC",
	pop3: "POP3",
	pptp: "PPTP",
	rsh: "RSH",
	rtsp: "RTSP",
	sip: "SIP",
	smtp: "SMTP",
	"sqlnet-v2": "Oracle SQL*Net",
	ssh: "SSH",
	"sun-rpc": "Sun RPC",
	talk: "Talk",
	tftp: "TFTP",
};

/** What tells the traffic of an application, or of one of its terms. */
const termChildren = {
	protocol: leaf(ipProtocol(), { help: "IP protocol; tcp when absent" }),
	"source-port": leaf(portRange(), { help: "Ports of the client; any when absent", engine: "not-yet" }),
	"destination-port": leaf(portRange(), { help: "Ports of the server; any when absent" }),
	"icmp-type": leaf(integer({ min: 0, max: 255 }), { help: "Type of an ICMP message", engine: "not-yet" }),
	"icmp-code": leaf(integer({ min: 0, max: 255 }), { help: "Code of an ICMP message", engine: "not-yet" }),
	"icmp6-type": leaf(integer({ min: 0, max: 255 }), { help: "Type of an ICMPv6 message", engine: "not-yet" }),
	"icmp6-code": leaf(integer({ min: 0, max: 255 }), { help: "Code of an ICMPv6 message", engine: "not-yet" }),
	"rpc-program-number": leaf(text({ min: 1, max: 32, placeholder: "number|low-high" }), {
		help: "Program of Sun RPC",
		engine: "not-yet",
	}),
	uuid: leaf(text({ min: 36, max: 36, placeholder: "uuid" }), {
		help: "Interface of Microsoft RPC",
		engine: "not-yet",
	}),
	"inactivity-timeout": leaf(
		union([keyword("never", "Sessions never end for being idle"), integer({ min: 4, max: 86_400, unit: "seconds" })]),
		{
			help: {
				what: "How long a session may be idle",
				grows: "memory held for sessions that nobody uses",
				loosened: "danger: with never, sessions pile up until no new one finds room",
			},
			engine: "not-yet",
		},
	),
};

const application = list({
	help: "One application",
	keys: { name: name() },
	children: {
		description: leaf(text({ max: 900 }), { help: "Text" }),
		"application-protocol": leaf(enumeration(gateways), {
			help: "Application-level gateway that follows the session",
			engine: "not-yet",
		}),
		...termChildren,
		term: list({
			help: "One of several ways in which the application travels",
			order: "user",
			layout: "line",
			keys: { name: name() },
			children: {
				alg: leaf(enumeration(gateways), { help: "Application-level gateway", engine: "not-yet" }),
				...termChildren,
			},
		}),
	},
});

/** The name of a configured application, a set of them, or a predefined one. */
export const applicationName = union([
	keyword("any", "Any protocol and port"),
	enumeration(predefinedApplicationHelp),
	reference(["applications application", "applications application-set"]),
]);

/** An application by what it says, on whatever port: `junos:FACEBOOK-ACCESS`. */
export const dynamicApplication = union([
	keyword("any", "Any application"),
	keyword("none", "Whatever it is, as if nothing was recognized"),
	name({ also: ":", placeholder: "application" }),
]);

const memberApplication = union([enumeration(predefinedApplicationHelp), reference("applications application")]);

export const applications = container({
	help: "Applications by protocol and port",
	children: {
		application,
		"application-set": list({
			help: "Several applications under one name",
			keys: { name: name() },
			children: {
				description: leaf(text({ max: 900 }), { help: "Text" }),
				application: list({ help: "A member", keys: { name: memberApplication } }),
				"application-set": list({
					help: "A set whose members are members",
					keys: { name: reference("applications application-set") },
				}),
			},
		}),
	},
});

/** A checked `applications`. */
export type Applications = Snapshot<typeof applications>;

/** What a commit says about applications. */
export function verifyApplications(config: Applications): readonly Finding[] {
	const findings: Finding[] = [];
	for (const [applicationKey, { term, ...own }] of config.application) {
		const path = ["applications", "application", applicationKey];
		if (predefinedApplications.has(applicationKey))
			findings.push(error(path, undefined, "the name is a predefined one"));
		findings.push(...verifyTerm(path, own));
		for (const [termName, below] of term) findings.push(...verifyTerm([...path, "term", termName], below));
		const both = Object.entries(own).find(([key, value]) => isTermPart(key) && value !== undefined);
		if (term.size > 0 && both !== undefined)
			findings.push(error(path, "term", "an application has either terms or a protocol and ports of its own"));
	}
	const members = new Map([...config.applicationSet].map(([key, set]) => [key, [...set.applicationSet.keys()]]));
	for (const setName of members.keys()) {
		if (!config.application.has(setName)) continue;
		const path = ["applications", "application-set", setName];
		findings.push(error(path, undefined, "an application has this name already"));
	}
	for (const setName of namesOnRings(members)) {
		const path = ["applications", "application-set", setName];
		findings.push(error(path, "application-set", "contains itself by way of its members"));
	}
	return findings;
}

type Term = Pick<
	NonNullable<ReturnType<Applications["application"]["get"]>>,
	"protocol" | "sourcePort" | "destinationPort" | "icmpType" | "icmpCode" | "icmp6Type" | "icmp6Code"
>;

function verifyTerm(path: readonly string[], term: Term): readonly Finding[] {
	const protocol = term.protocol ?? ipProtocols.get("tcp");
	const findings: Finding[] = [];
	const wants = (statement: string, isThere: boolean, ...protocols: readonly string[]): void => {
		if (!isThere || protocols.some((one) => ipProtocols.get(one) === protocol)) return;
		findings.push(error(path, statement, `needs protocol ${protocols.join(", ")}`));
	};
	wants("destination-port", term.destinationPort !== undefined, "tcp", "udp", "sctp");
	wants("source-port", term.sourcePort !== undefined, "tcp", "udp", "sctp");
	wants("icmp-type", term.icmpType !== undefined, "icmp");
	wants("icmp-code", term.icmpCode !== undefined, "icmp");
	wants("icmp6-type", term.icmp6Type !== undefined, "icmp6");
	wants("icmp6-code", term.icmp6Code !== undefined, "icmp6");
	return findings;
}

function isTermPart(key: string): boolean {
	return key !== "name" && key !== "description" && key !== "applicationProtocol";
}
