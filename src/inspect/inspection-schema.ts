/** `security inspection`: what goes before the inspection of content, and the patterns that are looked for. */
import { error, type Finding } from "#config/finding.ts";
import { enumeration, integer, name, text } from "#config/leaf-types.ts";
import { hexadecimal, prefix, url } from "#config/network-types.ts";
import { container, flag, leaf, leafList, list, type Snapshot } from "#config/schema.ts";
import { shippedPatterns } from "#inspect/shipped-patterns.ts";
import { addressNames } from "#policy/address-book-schema.ts";
import { applicationName } from "#policy/application-schema.ts";

const placeNames = {
	url: "Request target",
	"request-headers": "Head of the request",
	"request-body": "Body of the request, content codings undone",
	"response-headers": "Head of the response",
	"response-body": "Body of the response, content codings undone",
	stream: "Octets of a protocol other than HTTP",
};

const match = container({
	help: "What the connection must be like, all of it",
	children: {
		"source-address": leafList(addressNames, { help: "Clients", default: ["any"] }),
		"destination-address": leafList(addressNames, { help: "Servers", default: ["any"] }),
		application: leafList(applicationName, { help: "Applications by protocol and port", default: ["any"] }),
	},
});

const bypassRule = list({
	help: {
		what: "Connections that pass before anything else is asked: not opened, not inspected",
		loosened: "danger: whatever a client sends to these servers is not seen",
	},
	order: "user",
	keys: { name: name() },
	children: { description: leaf(text({ max: 900 }), { help: "Text" }), match },
});

const trafficManagement = list({
	help: "What becomes of connections by address and port alone, before content is looked at",
	order: "user",
	keys: { name: name() },
	children: {
		description: leaf(text({ max: 900 }), { help: "Text" }),
		match,
		then: container({
			help: "What becomes of them",
			alternatives: [{ of: ["block", "trust", "rate-limit"], mandatory: true }],
			children: {
				block: flag({ help: "Block" }),
				trust: flag({
					help: {
						what: "Open them as the policy says, and do not inspect them",
						loosened: "danger: whatever these connections carry is not seen",
					},
				}),
				"rate-limit": leaf(integer({ min: 1, max: 400_000_000, unit: "kilobits-per-second" }), {
					help: "Share this rate among them, both directions together; the stages behind still decide",
				}),
			},
		}),
	},
});

const quarantine = container({
	help: "Hosts that signatures (ip-action) or an operator have shut off",
	children: {
		hosts: leafList(prefix(), { help: "Hosts that are always shut off" }),
		exceptions: leafList(addressNames, { help: "Hosts that are never shut off, such as servers of this network" }),
		duration: leaf(integer({ min: 1, max: 525_600, unit: "minutes" }), {
			help: "How long a host stays shut off; until it is cleared when absent",
		}),
		"redirect-address": leaf(url(), { help: "Page that the host's HTTP requests are sent to" }),
		"maximum-hosts": leaf(integer({ min: 1, max: 1_000_000 }), {
			help: { what: "Hosts at one time; the oldest goes first", grows: "memory, by about 200 octets a host" },
			default: 10_000,
		}),
	},
});

export const inspection = container({
	help: "What is looked for in decrypted traffic, and what goes before",
	children: {
		"bypass-rule": bypassRule,
		"traffic-management": trafficManagement,
		quarantine,
		pattern: list({
			help: "A named pattern",
			keys: { name: name() },
			alternatives: [{ of: ["text", "hexadecimal"], mandatory: true, onSet: "refuse" }],
			children: {
				text: leaf(text(), { help: "The octets as text (UTF-8)" }),
				hexadecimal: leaf(hexadecimal({ minOctets: 1, maxOctets: 256 }), { help: "The octets in hexadecimal" }),
				"ignore-case": flag({ help: "Letters match in either case" }),
				where: leafList(enumeration(placeNames), { help: "Where to look; everywhere when absent" }),
				then: leaf(enumeration({ block: "Block the exchange", report: "Record it only" }), {
					help: "What to do",
					default: "block",
				}),
			},
		}),
		"pattern-policy": list({
			help: "A set of patterns",
			keys: { name: name() },
			children: {
				patterns: leafList(name(), {
					help: "Patterns of this configuration and shipped ones (eicar)",
					mandatory: true,
				}),
			},
		}),
		"maximum-decoded-size": leaf(integer({ min: 1, max: 1024, unit: "mebibytes" }), {
			help: {
				what: "How much of one compressed body is decoded for inspection; a WebSocket message beyond it is refused",
				grows: "processor time that one response can cost",
			},
			default: 64,
		}),
	},
});

/** A pattern policy may name only patterns that exist. */
export function verifyPatterns(config: Snapshot<typeof inspection>): readonly Finding[] {
	const findings: Finding[] = [];
	const { pattern, patternPolicy } = config;
	for (const [policyName, { patterns }] of patternPolicy) {
		for (const wanted of patterns) {
			if (pattern.has(wanted) || shippedPatterns.has(wanted)) continue;
			const known = [...pattern.keys(), ...shippedPatterns.keys()].slice(0, 12).join(", ");
			const path = ["security", "inspection", "pattern-policy", policyName];
			findings.push(error(path, "patterns", `pattern '${wanted}' does not exist; existing: ${known}`));
		}
	}
	return findings;
}
