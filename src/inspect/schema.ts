/** `security inspection`: the patterns that are looked for in decrypted traffic. */
import { error, type Finding } from "#config/finding.ts";
import { enumeration, integer, name, text } from "#config/leaf-types.ts";
import { hexadecimal } from "#config/network-types.ts";
import { container, flag, leaf, leafList, list, type Snapshot } from "#config/schema.ts";
import { shippedPatterns } from "#inspect/shipped-patterns.ts";

const placeNames = {
	url: "Request target",
	"request-headers": "Head of the request",
	"request-body": "Body of the request, content codings undone",
	"response-headers": "Head of the response",
	"response-body": "Body of the response, content codings undone",
	stream: "Octets of a protocol other than HTTP/1.1",
};

export const inspectSchema = container({
	help: "Configuration",
	children: {
		security: container({
			help: "Security",
			permission: "security",
			children: {
				inspection: container({
					help: "What is looked for in decrypted traffic",
					children: {
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
								what: "How much of one compressed body is decoded for inspection",
								grows: "processor time that one response can cost",
							},
							default: 64,
						}),
					},
				}),
			},
		}),
	},
});

export type InspectConfig = Snapshot<typeof inspectSchema>;

/** A pattern policy may name only patterns that exist. */
export function verifyInspection(config: InspectConfig): readonly Finding[] {
	const findings: Finding[] = [];
	const { pattern, patternPolicy } = config.security.inspection;
	const known = [...pattern.keys(), ...shippedPatterns.keys()];
	for (const [policyName, { patterns }] of patternPolicy) {
		for (const wanted of patterns) {
			if (known.includes(wanted)) continue;
			findings.push(
				error(
					["security", "inspection", "pattern-policy", policyName],
					"patterns",
					`pattern '${wanted}' does not exist; existing: ${known.join(", ")}`,
				),
			);
		}
	}
	return findings;
}
