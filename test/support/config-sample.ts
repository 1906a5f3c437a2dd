/** A small root schema in which every shape of statement occurs, for the tests of the configuration engine. */
import assert from "node:assert/strict";
import { enumeration, integer, keyword, name, reference, secret, text, union } from "#config/leaf-types.ts";
import { mergeSchemas } from "#config/merge-schemas.ts";
import { address, interfaceAddress, interfaceName, prefix } from "#config/network-types.ts";
import { container, flag, leaf, leafList, list } from "#config/schema.ts";
import { parseText } from "#config/text.ts";
import type { Branch } from "#config/tree.ts";

const addressNames = () => union([keyword("any", "Any address"), reference("security address-book book address")]);

const system = container({
	help: "System parameters",
	permission: "system",
	children: {
		"host-name": leaf(name(), { help: "Name of this machine" }),
		location: leaf(text(), { help: "Where it stands" }),
		"root-authentication": container({
			help: "Password of root",
			permission: "admin",
			layout: "line",
			children: { secret: leaf(secret(), { help: "Password" }) },
		}),
		ports: leafList(integer({ min: 1, max: 65_535 }), { help: "Ports", maxValues: 4 }),
	},
});

const interfaces = container({
	help: "Interfaces",
	permission: "interface",
	children: {
		interface: list({
			help: "Interface",
			unnamed: true,
			keys: { name: interfaceName("none") },
			children: {
				disable: flag({ help: "Take it down" }),
				mtu: leaf(integer({ min: 256, max: 9_192, unit: "octets" }), { help: "Largest packet" }),
				unit: list({
					help: "Logical interface",
					keys: { name: integer({ min: 0, max: 16_384 }) },
					children: {
						family: container({
							help: "Protocol family",
							layout: "prefix",
							children: {
								inet: container({
									help: "IPv4",
									presence: true,
									children: { address: list({ help: "Address", keys: { name: interfaceAddress("inet") } }) },
								}),
								inet6: container({ help: "IPv6", presence: true, children: {} }),
							},
						}),
					},
				}),
			},
		}),
	},
});

const policyBody = {
	description: leaf(text(), { help: "Text" }),
	match: container({
		help: "Traffic",
		children: {
			"source-address": leafList(addressNames(), { help: "Source", mandatory: true }),
			"destination-address": leafList(addressNames(), { help: "Destination", mandatory: true }),
		},
	}),
	then: container({
		help: "What happens",
		alternatives: [{ of: ["permit", "deny", "reject"], mandatory: true }],
		children: {
			permit: container({ help: "Let it through", presence: true, children: { log: flag({ help: "Log" }) } }),
			deny: flag({ help: "Drop" }),
			reject: flag({ help: "Refuse" }),
		},
	}),
};

const security = container({
	help: "Security",
	permission: "security",
	children: {
		ike: container({
			help: "IKE",
			children: {
				"respond-bad-spi": leaf(integer({ min: 1, max: 30 }), { help: "Answers to a bad SPI", bare: 5 }),
				policy: list({
					help: "IKE policy",
					keys: { name: name() },
					alternatives: [{ of: ["proposals", "proposal-set"], onSet: "refuse" }],
					children: {
						mode: leaf(enumeration({ main: "Six messages", aggressive: "Three messages" }), {
							help: "Exchange",
							default: "main",
						}),
						proposals: leafList(text(), { help: "Proposals", maxValues: 4 }),
						"proposal-set": leaf(enumeration({ basic: "Basic", standard: "Standard" }), { help: "Set" }),
						"pre-shared-key": container({
							help: "Key",
							layout: "line",
							alternatives: [{ of: ["ascii-text", "hexadecimal"] }],
							children: {
								"ascii-text": leaf(secret(), { help: "As text" }),
								hexadecimal: leaf(secret(), { help: "As digits" }),
							},
						}),
					},
				}),
				gateway: list({
					help: "Peer",
					keys: { name: name() },
					children: {
						"ike-policy": leaf(reference("security ike policy"), { help: "Policy", mandatory: true }),
						address: leafList(address(), { help: "Address" }),
						"dead-peer-detection": container({
							help: "Probe",
							presence: true,
							children: {
								interval: leaf(integer({ min: 0, max: 60, unit: "seconds" }), { help: "Time", default: 10 }),
							},
						}),
						allowlist: leafList(prefix(), { help: "Sources", aliases: ["whitelist"] }),
						"general-ikeid": flag({ help: "Any identity", engine: "not-yet" }),
					},
				}),
				traceoptions: container({
					help: "Trace",
					permission: "trace",
					children: {
						file: container({
							help: "File",
							layout: "line",
							children: {
								filename: leaf(name(), { help: "Name", unnamed: true }),
								files: leaf(integer({ min: 2, max: 1_000 }), { help: "How many" }),
							},
						}),
						flag: list({ help: "What", keys: { name: enumeration({ all: "All", ike: "IKE" }) } }),
					},
				}),
			},
		}),
		"address-book": container({
			help: "Address books",
			children: {
				book: list({
					help: "Book",
					unnamed: true,
					keys: { name: name() },
					children: {
						address: list({
							help: "Address",
							keys: { name: name() },
							layout: "line-if-single",
							children: {
								description: leaf(text(), { help: "Text" }),
								"ip-prefix": leaf(prefix(), { help: "Prefix", unnamed: true }),
							},
						}),
						"address-set": list({
							help: "Set",
							keys: { name: name() },
							children: {
								address: list({ help: "Member", keys: { name: reference(".. .. address") } }),
								extra: leafList(reference(".. address"), { help: "More members" }),
							},
						}),
					},
				}),
			},
		}),
		policies: container({
			help: "Policies",
			children: {
				"from-zone": list({
					help: "Zone pair",
					order: "user",
					keys: { "from-zone-name": name(), "to-zone-name": { type: name(), keyword: "to-zone" } },
					children: { policy: list({ help: "Policy", order: "user", keys: { name: name() }, children: policyBody }) },
				}),
				"policy-rematch": flag({ help: "Look again at running sessions" }),
			},
		}),
	},
});

const routing = container({
	help: "Routing",
	permission: "routing",
	children: {
		static: container({
			help: "Static routes",
			children: {
				route: list({
					help: "Route",
					order: "user",
					keys: { name: prefix() },
					layout: "line-if-single",
					children: {
						"next-hop": leafList(address(), { help: "Gateway" }),
						metric: leaf(integer({ min: 0, max: 255 }), { help: "Cost" }),
					},
				}),
			},
		}),
	},
});

/** The schema. */
export const sampleRoot = mergeSchemas([
	container({ help: "", children: { system, security, interfaces, "routing-options": routing } }),
]);

/** The tree of a text without errors. */
export function treeOf(source: string): Branch {
	const { tree, errors } = parseText(sampleRoot, source);
	assert.deepEqual(errors, []);
	return tree;
}
