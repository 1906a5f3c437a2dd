/** `security policies`: which connections pass, which are opened and inspected, which go through a tunnel. */
import { enumeration, integer, keyword, name, reference, text, union } from "#config/leaf-types.ts";
import { container, flag, leaf, leafList, list, type Snapshot } from "#config/schema.ts";
import { addressNames } from "#policy/address-book-schema.ts";
import { applicationName, dynamicApplication } from "#policy/application-schema.ts";
import { traceFile } from "#telemetry/trace-file.ts";

const identities = union([
	keyword("any", "Anybody"),
	keyword("authenticated-user", "Users who have authenticated"),
	keyword("unauthenticated-user", "Users who have not authenticated"),
	keyword("unknown-user", "Users whose names could not be found out"),
	text({ min: 1, max: 255, placeholder: "role-name" }),
]);

const zoneName = reference("security zones security-zone", { placeholder: "zone-name" });

const matchChildren = {
	"source-address": leafList(addressNames, { help: "Clients", mandatory: true }),
	"destination-address": leafList(addressNames, { help: "Servers", mandatory: true }),
	"source-address-excluded": flag({ help: "Match clients that are not among the source addresses" }),
	"destination-address-excluded": flag({ help: "Match servers that are not among the destination addresses" }),
	application: leafList(applicationName, { help: "Applications by protocol and port", mandatory: true }),
	"source-identity": leafList(identities, { help: "Users and roles", engine: "not-yet" }),
	"dynamic-application": leafList(dynamicApplication, {
		help: "Applications by what they say, on whatever port",
		engine: "not-yet",
	}),
	"url-category": leafList(
		union([keyword("any", "Any category"), keyword("none", "Without a category"), name({ placeholder: "category" })]),
		{ help: "Categories of the server's name and of URLs", engine: "not-yet" },
	),
};

const hardware = "this system has no such hardware or service; the statement has no effect";

const applicationServices = container({
	help: "What is done with the connection on the way",
	alternatives: [{ of: ["redirect-wx", "reverse-redirect-wx"] }, { of: ["idp", "idp-policy"] }],
	children: {
		"application-firewall": container({
			help: "Permit and deny by the application that is recognized",
			presence: true,
			engine: "not-yet",
			children: {
				"rule-set": leaf(reference("security application-firewall rule-sets"), { help: "Rule set", mandatory: true }),
			},
		}),
		"application-traffic-control": container({
			help: "Limit rates by the application that is recognized",
			presence: true,
			commitWarning: hardware,
			children: { "rule-set": leaf(name({ placeholder: "rule-set" }), { help: "Rule set", mandatory: true }) },
		}),
		"gprs-gtp-profile": leaf(name({ placeholder: "profile" }), { help: "GTP inspection", commitWarning: hardware }),
		"gprs-sctp-profile": leaf(name({ placeholder: "profile" }), { help: "SCTP inspection", commitWarning: hardware }),
		idp: flag({ help: "Look for intrusions by the active policy" }),
		"idp-policy": leaf(reference("security idp idp-policy"), { help: "Look for intrusions" }),
		"redirect-wx": flag({ help: "Redirect to a WX accelerator", commitWarning: hardware }),
		"reverse-redirect-wx": flag({ help: "Redirect the other direction to a WX accelerator", commitWarning: hardware }),
		"ssl-proxy": container({
			help: "Open TLS",
			children: { "profile-name": leaf(reference("services ssl proxy profile"), { help: "Profile" }) },
		}),
		"uac-policy": container({
			help: "Ask the access controller who may pass",
			presence: true,
			commitWarning: hardware,
			children: { "captive-portal": leaf(name({ placeholder: "captive-portal" }), { help: "Where users sign in" }) },
		}),
		"utm-policy": leaf(reference("security utm utm-policy"), {
			help: "Antivirus, web filter, content filter",
			engine: "not-yet",
		}),
		"icap-redirect": leaf(reference("services icap-redirect profile"), {
			help: "Have an ICAP server look at the content",
			engine: "not-yet",
		}),
		"security-intelligence-policy": leaf(reference("security intelligence policy"), {
			help: "Act upon feeds of known bad addresses, names and fingerprints",
		}),
		"advance-policy-based-routing-profile": leaf(reference("security advance-policy-based-routing profile"), {
			help: "Choose the route by the application",
			aliases: ["advance-policy-based-routing"],
			engine: "not-yet",
		}),
		"pattern-policy": leaf(reference("security inspection pattern-policy"), {
			help: "Patterns that are looked for in the plaintext",
		}),
	},
});

const clientMatch = leafList(name({ also: "@", placeholder: "user-or-group" }), {
	help: "Users and groups that may pass",
});

const permitChildren = {
	"application-services": applicationServices,
	"destination-address": container({
		help: "What to do with connections by the translation of their destination",
		engine: "not-yet",
		alternatives: [{ of: ["drop-translated", "drop-untranslated"] }],
		children: {
			"drop-translated": flag({ help: "Drop those whose destination was translated" }),
			"drop-untranslated": flag({ help: "Drop those whose destination was not translated" }),
		},
	}),
	"firewall-authentication": container({
		help: "Users authenticate before they pass",
		engine: "not-yet",
		alternatives: [{ of: ["pass-through", "web-authentication"] }],
		children: {
			"pass-through": container({
				help: "Within the first connection",
				presence: true,
				children: {
					"access-profile": leaf(reference("access profile"), { help: "Who is asked about the user" }),
					"client-match": clientMatch,
					"web-redirect": flag({ help: "Redirect the browser to a page of the gateway" }),
				},
			}),
			"web-authentication": container({
				help: "On a page of the gateway, before",
				presence: true,
				children: { "client-match": clientMatch },
			}),
		},
	}),
	"services-offload": flag({ help: "Leave the session to the network processor", commitWarning: hardware }),
	"tcp-options": container({
		help: "Checks of TCP",
		engine: "not-yet",
		children: {
			"sequence-check-required": flag({ help: "Drop segments outside the window" }),
			"syn-check-required": flag({ help: "Drop what does not begin with a SYN" }),
		},
	}),
};

const tunnel = container({
	help: "Encrypt into a VPN: what makes a policy-based VPN",
	engine: "not-yet",
	presence: true,
	alternatives: [{ of: ["ipsec-vpn", "ipsec-group-vpn"], mandatory: true, onSet: "refuse" }],
	children: {
		"ipsec-group-vpn": leaf(name({ placeholder: "group-vpn" }), {
			help: "Group VPN",
			commitWarning: "group VPN is not offered; traffic of this policy is dropped",
		}),
		"ipsec-vpn": leaf(reference("security ipsec vpn"), { help: "The VPN" }),
		"pair-policy": leaf(name({ placeholder: "policy-name" }), {
			help: "The policy of the opposite direction, so that both share one pair of security associations",
		}),
	},
});

const threshold = (period: string) =>
	leaf(integer({ min: 0, max: 4_294_967_295, unit: "octets" }), {
		help: `More than this in a ${period} raises an alarm`,
	});

const thenChildren = {
	deny: flag({ help: "Drop it silently" }),
	reject: flag({ help: "Block it and tell the client" }),
	count: container({
		help: "Count its octets; show security policies detail tells them",
		presence: true,
		children: {
			alarm: container({
				help: "Alarms on the count",
				engine: "not-yet",
				children: { "per-minute-threshold": threshold("minute"), "per-second-threshold": threshold("second") },
			}),
		},
	}),
	log: container({
		help: "When a session is logged",
		children: {
			"session-init": flag({ help: "When it begins, or is denied: an event" }),
			"session-close": flag({ help: "When it ends, with its octets: a record, whatever the profile says of records" }),
		},
	}),
};

const action = { of: ["permit", "deny", "reject"], mandatory: true } as const;

const description = leaf(text({ max: 900 }), { help: "Text" });

const schedulerName = leaf(reference("schedulers scheduler"), { help: "When the policy holds" });

const zonePolicy = list({
	help: "A policy; the first that matches decides",
	order: "user",
	keys: { name: name({ placeholder: "policy-name" }) },
	children: {
		description,
		match: container({ help: "What the connection must be like, all of it", children: matchChildren }),
		then: container({
			help: "What becomes of the connection",
			alternatives: [action],
			children: {
				permit: container({ help: "Let it pass", presence: true, children: { ...permitChildren, tunnel } }),
				...thenChildren,
			},
		}),
		"scheduler-name": schedulerName,
	},
});

const globalPolicy = list({
	help: "A policy; the first that matches decides",
	order: "user",
	keys: { name: name({ placeholder: "policy-name" }) },
	children: {
		description,
		match: container({
			help: "What the connection must be like, all of it",
			children: {
				...matchChildren,
				"from-zone": leafList(union([keyword("any", "Any zone"), zoneName]), {
					help: "Zones that connections come from",
				}),
				"to-zone": leafList(union([keyword("any", "Any zone"), zoneName]), {
					help: "Zones that connections go to",
				}),
			},
		}),
		then: container({
			help: "What becomes of the connection",
			alternatives: [action],
			children: {
				permit: container({ help: "Let it pass", presence: true, children: permitChildren }),
				...thenChildren,
			},
		}),
		"scheduler-name": schedulerName,
	},
});

const hostZone = union([keyword("junos-host", "This gateway itself"), zoneName]);

export const policies = container({
	help: "Which connections are permitted, which are opened, which are encrypted",
	children: {
		"from-zone": list({
			help: "Policies for connections from one zone to another, tried in order, before the global ones",
			order: "user",
			keys: { "from-zone-name": hostZone, "to-zone-name": { type: hostZone, keyword: "to-zone" } },
			children: { policy: zonePolicy },
		}),
		global: container({
			help: "Policies for every connection, tried in order",
			children: { policy: globalPolicy },
		}),
		"policy-rematch": container({
			help: "When a policy changes, look again at the sessions that run; without it they go on as they began",
			presence: true,
			layout: "line",
			engine: "not-yet",
			children: { extensive: flag({ help: "Also when the policy that let a session in is gone" }) },
		}),
		traceoptions: container({
			help: "Trace of policies",
			permission: "trace",
			engine: "not-yet",
			children: {
				file: traceFile,
				flag: list({
					help: "What is traced",
					keys: {
						name: enumeration({
							all: "Everything",
							compilation: "How policies are compiled",
							configuration: "Changes of the configuration",
							ipc: "Messages between processes",
							lookup: "How a policy is found",
							"routing-socket": "Messages of the kernel",
							rules: "Rules",
						}),
					},
				}),
				"no-remote-trace": flag({ help: "Do not trace remotely" }),
			},
		}),
		"default-policy": container({
			help: "What becomes of a connection that no policy matches; denied when absent",
			alternatives: [{ of: ["permit-all", "deny-all"] }],
			children: {
				"permit-all": flag({
					help: {
						what: "Let it pass unopened",
						loosened: "danger: whatever nobody thought of passes, without being looked at",
					},
				}),
				"deny-all": flag({ help: "Block it" }),
			},
		}),
	},
});

/** A checked `security policies`. */
export type Policies = Snapshot<typeof policies>;

/** A policy between two zones. */
export type ZonePolicy = NonNullable<ReturnType<NonNullable<ReturnType<Policies["fromZone"]["get"]>>["policy"]["get"]>>;
