/** `security idp`: intrusion detection by signatures. */
import { error, type Finding, warning } from "#config/finding.ts";
import { enumeration, integer, keyword, name, reference, text, union } from "#config/leaf-types.ts";
import { address, fileName, host, port, url } from "#config/network-types.ts";
import { container, flag, leaf, leafList, list, type Snapshot } from "#config/schema.ts";
import { attackSeverities } from "#inspect/attack-severity.ts";
import { attackGroups, attacks, verifyAttackGroups } from "#inspect/idp-attack-schema.ts";
import { ipActionTargets } from "#inspect/ip-action.ts";
import { addressNames } from "#policy/address-book-schema.ts";
import { applicationName } from "#policy/application-schema.ts";

const zoneName = union([keyword("any", "Any zone"), reference("security zones security-zone")]);

const matchChildren = {
	"from-zone": leaf(zoneName, { help: "Zone that the connection comes from", default: "any" }),
	"source-address": leafList(addressNames, { help: "Clients", default: ["any"] }),
	"source-except": leafList(addressNames, { help: "All clients but these" }),
	"to-zone": leaf(zoneName, { help: "Zone that the connection goes to", default: "any" }),
	"destination-address": leafList(addressNames, { help: "Servers", default: ["any"] }),
	"destination-except": leafList(addressNames, { help: "All servers but these" }),
	application: leaf(union([keyword("default", "That of the signature"), applicationName]), {
		help: "Application, by the server's port; the rule matches nothing of another",
		default: "default",
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
	help: "What becomes of later connections of the same hosts",
	alternatives: [{ of: ["ip-block", "ip-close", "ip-notify"] }],
	children: {
		"ip-block": flag({ help: "Refuse them: without a word where they are not opened, with a page in requests" }),
		"ip-close": flag({ help: "Refuse them, and tell the client" }),
		"ip-notify": flag({ help: "Let them pass and count them; with log, an event tells of them" }),
		target: leaf(enumeration(ipActionTargets), {
			help: {
				what: "Which connections they are; with a zone nothing where the zone of the client is not known",
				loosened:
					"danger: with a target of the server or of a zone, one client's attack shuts others off; an attacker may use it for that",
			},
			default: "source-address",
		}),
		timeout: leaf(integer({ min: 0, max: 64_800, unit: "seconds" }), {
			help: "How long; 0 means as long as security inspection quarantine duration says",
			default: 300,
		}),
		log: flag({ help: "An event for connections that it is applied to, put together by the second" }),
		"log-create": flag({ help: "An event when it begins" }),
		"refresh-timeout": flag({ help: "Begin the time again at each connection" }),
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
					help: "How it is told, besides the record of the session",
					children: {
						"log-attacks": container({
							help: "An event for the attack, and a line in eve.json of the state directory",
							presence: true,
							children: { alert: flag({ help: "The event is an alert" }) },
						}),
						"packet-log": container({
							help: {
								what: "Keep what was said around the attack, decrypted, as a capture in packet-log/ of the state directory; octets are cut into packets of 1,400",
								loosened: "danger: what was said, passwords too, then stands on the disk in clear",
							},
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
				severity: leaf(enumeration(attackSeverities), {
					help: "Severity in events and lines; that of the signature when absent",
				}),
			},
		}),
		terminal: flag({
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
			help: "Events of attacks (notification log-attacks); each worker puts its own together",
			children: {
				"cache-size": leaf(integer({ min: 1, max: 65_535, placeholder: "records" }), {
					help: { what: "Records that wait to be told; those beyond are counted", grows: "memory" },
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
			help: "What packet logs may take of each worker",
			children: {
				"source-address": leaf(address(), { help: "Address that they are sent from", engine: "not-yet" }),
				host: container({
					help: "Collector; files are written to packet-log/ of the state directory",
					engine: "not-yet",
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
			children: {
				"max-stream-depth": leaf(integer({ min: 0, max: 1_048_576, unit: "kilobytes" }), {
					help: {
						what: "How far signatures look into each direction of a connection, and into each body; 0 means to the end",
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
			maxValues: 16,
			help: {
				what: "Where rules are fetched: a file of rules, or an archive (tar) of such, also gzipped; the server of https must be one that default trust store or CA profiles vouch for. What was fetched last is kept on disk and serves until there is another",
				loosened: "danger: over http, rules can be changed on the way",
			},
		}),
		"update-interval": leaf(integer({ min: 1, max: 8_784, unit: "hours" }), {
			help: "How often rules are fetched",
			default: 24,
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
		...attackGroups,
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
export function verifyIdp(config: IdpConfig): readonly Finding[] {
	const {
		idpPolicy,
		rules: { file, url: urls },
	} = config;
	const findings: Finding[] = [...verifyAttackGroups(config)];
	for (const one of urls)
		if (/^[^:]*:\/\/[^/?#]*@/.test(one))
			findings.push(error(["security", "idp", "rules"], "url", "it holds a user, which would stand in events"));
	const missing = "no file of rules is named; sessions of idp policies are treated by failure-action";
	if (idpPolicy.size > 0 && file.length + urls.length === 0)
		findings.push(warning(["security", "idp", "rules"], "file", missing));
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
