/** `security idp`: intrusion detection by signatures. */
import { error, type Finding, warning } from "#config/finding.ts";
import { enumeration, integer, keyword, name, reference, text, union } from "#config/leaf-types.ts";
import { address, fileName, host, port, url } from "#config/network-types.ts";
import { container, flag, leaf, leafList, list, type Snapshot } from "#config/schema.ts";
import { addressNames } from "#policy/address-book-schema.ts";
import { applicationName } from "#policy/application-schema.ts";

const zoneName = union([keyword("any", "Any zone"), reference("security zones security-zone")]);

const attackName = name({ also: ":/ ()", max: 127, placeholder: "attack" });

const attacks = container({
	help: "What is looked for",
	children: {
		"predefined-attacks": leafList(attackName, { help: "Signatures of the rules by identifier (sid) or name (msg)" }),
		"predefined-attack-groups": leafList(attackName, {
			help: "Groups of signatures: all, a class such as trojan-activity, a protocol such as http",
		}),
		"custom-attacks": leafList(attackName, { help: "Signatures of files of this installation" }),
		"custom-attack-groups": leafList(attackName, { help: "Groups of such signatures" }),
		"dynamic-attack-groups": leafList(attackName, { help: "Groups that follow from properties", engine: "not-yet" }),
	},
});

const matchChildren = {
	"from-zone": leaf(zoneName, { help: "Zone that the connection comes from", default: "any", engine: "not-yet" }),
	"source-address": leafList(addressNames, { help: "Clients", default: ["any"], engine: "not-yet" }),
	"source-except": leafList(addressNames, { help: "All clients but these", engine: "not-yet" }),
	"to-zone": leaf(zoneName, { help: "Zone that the connection goes to", default: "any", engine: "not-yet" }),
	"destination-address": leafList(addressNames, { help: "Servers", default: ["any"], engine: "not-yet" }),
	"destination-except": leafList(addressNames, { help: "All servers but these", engine: "not-yet" }),
	application: leaf(union([keyword("default", "That of the signature"), applicationName]), {
		help: "Application",
		default: "default",
		engine: "not-yet",
	}),
	attacks,
};

const actions = {
	"no-action": flag({
		help: { what: "Record only", loosened: "danger: attacks are seen and go on" },
	}),
	"ignore-connection": flag({
		help: { what: "Stop looking at the connection", loosened: "danger: what follows in the connection is not seen" },
	}),
	"drop-packet": flag({ help: "Drop the packet" }),
	"drop-connection": flag({ help: "Drop the connection silently" }),
	"close-client": flag({ help: "Reset the connection towards the client" }),
	"close-server": flag({ help: "Reset the connection towards the server" }),
	"close-client-and-server": flag({ help: "Reset the connection towards both" }),
	recommended: flag({ help: "What the signature recommends" }),
};

const ipAction = container({
	help: "What becomes of later connections of the same hosts: they are in quarantine",
	alternatives: [{ of: ["ip-block", "ip-close", "ip-notify"] }],
	children: {
		"ip-block": flag({ help: "Refuse them" }),
		"ip-close": flag({ help: "The same" }),
		"ip-notify": flag({ help: "Record them", engine: "not-yet" }),
		target: leaf(
			enumeration({
				"source-address": "Connections of the client",
				"destination-address": "Connections to the server",
				"source-zone": "Connections of the client's zone",
				"source-zone-address": "Connections of the client from the same zone",
				"zone-service": "Connections from the zone to the same server and port",
				service: "Connections of the client to the same server and port",
			}),
			{ help: "Which they are; the client's, whatever is stated", default: "source-address", engine: "not-yet" },
		),
		timeout: leaf(integer({ min: 0, max: 64_800, unit: "seconds" }), {
			help: "How long; 0 means as long as security inspection quarantine duration says",
			default: 300,
		}),
		log: flag({ help: "Record what is done", engine: "not-yet" }),
		"log-create": flag({ help: "Record when it begins", engine: "not-yet" }),
		"refresh-timeout": flag({ help: "Begin the time again at each connection", engine: "not-yet" }),
	},
});

const rule = list({
	help: "A rule",
	order: "user",
	keys: { name: name() },
	children: {
		description: leaf(text({ max: 900 }), { help: "Text" }),
		match: container({ help: "What the connection must be like", children: matchChildren }),
		then: container({
			help: "What happens when an attack is found",
			children: {
				action: container({
					help: "What becomes of the connection",
					alternatives: [{ of: Object.keys(actions), mandatory: true }],
					children: actions,
				}),
				"ip-action": ipAction,
				notification: container({
					help: "How it is told",
					engine: "not-yet",
					children: {
						"log-attacks": container({
							help: "Record the attack",
							presence: true,
							children: { alert: flag({ help: "Raise an alert" }) },
						}),
						"packet-log": container({
							help: "Keep packets, decrypted",
							presence: true,
							children: {
								"pre-attack": leaf(integer({ min: 1, max: 255, unit: "packets" }), {
									help: "Packets before the attack",
									default: 1,
								}),
								"post-attack": leaf(integer({ min: 0, max: 255, unit: "packets" }), {
									help: "Packets after it",
									default: 1,
								}),
								"post-attack-timeout": leaf(integer({ min: 0, max: 1_800, unit: "seconds" }), {
									help: "How long packets after it are waited for",
									default: 5,
								}),
							},
						}),
					},
				}),
				severity: leaf(
					enumeration({
						critical: "Critical",
						major: "Major",
						minor: "Minor",
						warning: "Warning",
						info: "Information",
					}),
					{ help: "Severity in the record; that of the signature when absent", engine: "not-yet" },
				),
			},
		}),
		terminal: flag({
			engine: "not-yet",
			help: {
				what: "Do not try later rules on what matches this one",
				loosened: "danger: a broad rule at the top turns off all that follow",
			},
		}),
	},
});

const exemptRule = list({
	help: "Attacks that are not reported",
	order: "user",
	keys: { name: name() },
	children: {
		description: leaf(text({ max: 900 }), { help: "Text" }),
		match: container({
			help: "What the connection must be like",
			children: {
				"from-zone": matchChildren["from-zone"],
				"source-address": matchChildren["source-address"],
				"to-zone": matchChildren["to-zone"],
				"destination-address": matchChildren["destination-address"],
				attacks,
			},
		}),
	},
});

const sensor = container({
	help: "Limits of inspection",
	children: {
		log: container({
			help: "Records of attacks",
			engine: "not-yet",
			children: {
				"cache-size": leaf(integer({ min: 1, max: 65_535, placeholder: "records" }), {
					help: { what: "Records held back to be put together", grows: "memory" },
					default: 12_800,
				}),
				suppression: container({
					help: "Equal records are put together",
					children: {
						disable: flag({ help: "Write each of them" }),
						"include-destination-address": flag({ help: "Records with different servers are not equal" }),
						"max-logs-operate": leaf(integer({ min: 256, max: 65_536, placeholder: "records" }), {
							help: { what: "Records looked at", grows: "memory" },
							default: 16_384,
						}),
						"max-time-report": leaf(integer({ min: 1, max: 60, unit: "seconds" }), {
							help: "How long records are put together",
							default: 5,
						}),
						"start-log": leaf(integer({ min: 1, max: 128, placeholder: "records" }), {
							help: "Equal records after which they are put together",
							default: 1,
						}),
					},
				}),
			},
		}),
		"packet-log": container({
			help: "Where packets of attacks are kept",
			engine: "not-yet",
			children: {
				"source-address": leaf(address(), { help: "Address that they are sent from" }),
				host: container({
					help: "Collector",
					layout: "line",
					children: {
						address: leaf(host(), { help: "Address", unnamed: true }),
						port: leaf(port(), { help: "Port" }),
					},
				}),
				"max-sessions": leaf(integer({ min: 1, max: 100, unit: "percent" }), {
					help: { what: "Share of sessions whose packets are held", grows: "memory" },
					default: 10,
				}),
				"total-memory": leaf(integer({ min: 1, max: 100, unit: "percent" }), {
					help: { what: "Share of memory for it", grows: "memory" },
					default: 10,
				}),
			},
		}),
		flow: container({
			help: "Streams",
			engine: "not-yet",
			children: {
				"max-stream-depth": leaf(integer({ min: 0, max: 1_048_576, unit: "kilobytes" }), {
					help: {
						what: "How far into a stream is looked; 0 means all of it",
						grows: "processor time",
						loosened: "danger: what lies deeper is not seen",
					},
					default: 0,
				}),
			},
		}),
		"failure-action": leaf(enumeration({ block: "End the connection", bypass: "Let it pass uninspected" }), {
			help: {
				what: "What to do when the rules cannot be loaded",
				loosened: "danger: with bypass, who overloads inspection goes unseen",
			},
			default: "block",
		}),
	},
});

const rules = container({
	help: "Where signatures come from, in the rule language of Suricata",
	children: {
		file: leafList(fileName(), {
			help: "Files of rules on the gateway's host; a name without a leading slash lies in the state directory",
		}),
		url: leafList(url(), {
			engine: "not-yet",
			help: { what: "Where rules are fetched", loosened: "danger: over http, rules can be changed on the way" },
		}),
		"update-interval": leaf(integer({ min: 1, max: 8_784, unit: "hours" }), {
			help: "How often",
			default: 24,
			engine: "not-yet",
		}),
	},
});

export const idp = container({
	help: "Intrusion detection and prevention",
	children: {
		"idp-policy": list({
			help: "A set of rules",
			keys: { name: name() },
			children: {
				"rulebase-ips": container({ help: "What is looked for", children: { rule } }),
				"rulebase-exempt": container({ help: "What is not reported", children: { rule: exemptRule } }),
			},
		}),
		"active-policy": leaf(reference("security idp idp-policy"), {
			help: "The policy of security policies that say only 'idp'",
			deprecated: "name the policy in the security policy: application-services idp-policy NAME",
		}),
		rules,
		"sensor-configuration": sensor,
	},
});

export type IdpConfig = Snapshot<typeof idp>;

/** A rule names something to look for, and policies need rules. */
export function verifyIdp({ idpPolicy, rules: { file } }: IdpConfig): readonly Finding[] {
	const findings: Finding[] = [];
	const missing = "no file of rules is named; sessions of idp policies are treated by failure-action";
	if (idpPolicy.size > 0 && file.length === 0) findings.push(warning(["security", "idp", "rules"], "file", missing));
	for (const [policyName, { rulebaseIps, rulebaseExempt }] of idpPolicy) {
		for (const [rulebase, { rule: entries }] of [
			["rulebase-ips", rulebaseIps],
			["rulebase-exempt", rulebaseExempt],
		] as const) {
			for (const [ruleName, { match }] of entries) {
				if (Object.values(match.attacks).some((names) => names.length > 0)) continue;
				const path = ["security", "idp", "idp-policy", policyName, rulebase, "rule", ruleName, "match"];
				findings.push(error(path, "attacks", "names nothing to look for"));
			}
		}
	}
	return findings;
}
