/**
 * What is done by the application that is recognized: `services application-identification`, `security
 * application-firewall`, `security application-tracking`, `security advance-policy-based-routing`.
 */
import { enumeration, integer, name, reference, regularExpression, text } from "#config/leaf-types.ts";
import { prefix, url } from "#config/network-types.ts";
import { container, flag, leaf, leafList, list } from "#config/schema.ts";
import { dynamicApplication } from "#policy/application-schema.ts";
import { portRange } from "#policy/application-types.ts";

const contexts = enumeration({
	"http-get-url-parsed-param-parsed": "Target of a GET request, decoded",
	"http-header-content-type": "Content-Type",
	"http-header-cookie": "Cookie",
	"http-header-host": "Host",
	"http-header-user-agent": "User-Agent",
	"http-post-url-parsed-param-parsed": "Target of a POST request, decoded",
	"http-post-variable-parsed": "Variables of a POST request",
	"http-url-parsed": "Target of a request, decoded",
	"http-url-parsed-param-parsed": "Target of a request with its parameters, decoded",
	"ssl-server-name": "Server name of the ClientHello",
	stream: "Octets of the stream",
});

const member = list({
	help: "A part of the signature; all must match",
	maxEntries: 15,
	keys: { name: name() },
	children: {
		context: leaf(contexts, { help: "Where to look", mandatory: true }),
		pattern: leaf(regularExpression(), { help: "What to look for", mandatory: true }),
		direction: leaf(
			enumeration({
				any: "Both directions",
				"client-to-server": "What the client says",
				"server-to-client": "What the server says",
			}),
			{ help: "Direction", default: "any" },
		),
	},
});

export const applicationIdentification = container({
	help: "How applications are recognized, on whatever port",
	permission: "security",
	engine: "not-yet",
	children: {
		"no-application-system-cache": flag({ help: "Do not remember what a server's port was recognized as" }),
		"application-system-cache-timeout": leaf(integer({ min: 0, max: 1_000_000, unit: "seconds" }), {
			help: {
				what: "How long it is remembered",
				loosened: "danger: a server that changes its application is taken for the old one so long",
			},
			default: 3_600,
		}),
		download: container({
			help: "Where signatures of applications are fetched",
			children: {
				url: leaf(url(), { help: "Address" }),
				automatic: container({
					help: "Fetch them at set times",
					presence: true,
					children: {
						interval: leaf(integer({ min: 6, max: 720, unit: "hours" }), { help: "How often", default: 24 }),
					},
				}),
			},
		}),
		application: list({
			help: "An application of your own",
			keys: { name: name({ also: ":" }) },
			children: {
				description: leaf(text({ max: 900 }), { help: "Text" }),
				cacheable: flag({ help: "Remember that a server's port is this application" }),
				priority: leaf(enumeration({ high: "Before the shipped ones", low: "After the shipped ones" }), {
					help: "When it is tried",
					default: "low",
				}),
				over: list({
					help: "The protocol that carries it",
					keys: { name: enumeration({ HTTP: "HTTP", SSL: "TLS", TCP: "TCP", UDP: "UDP" }) },
					children: {
						signature: list({
							help: "A signature; one that matches is enough",
							keys: { name: name() },
							children: { "port-range": leafList(portRange(), { help: "Ports" }), member },
						}),
					},
				}),
				"address-mapping": list({
					help: "Servers that are this application",
					keys: { name: name() },
					children: {
						filter: container({
							help: "Which they are",
							children: {
								ip: leaf(prefix(), { help: "Addresses" }),
								"port-range": container({
									help: "Ports",
									children: {
										tcp: leafList(portRange(), { help: "TCP ports" }),
										udp: leafList(portRange(), { help: "UDP ports" }),
									},
								}),
							},
						}),
					},
				}),
			},
		}),
		"application-group": list({
			help: "Several applications under one name",
			keys: { name: name({ also: ":" }) },
			children: {
				applications: leafList(dynamicApplication, { help: "Members" }),
				"application-groups": leafList(dynamicApplication, { help: "Groups whose members are members" }),
			},
		}),
	},
});

const action = { of: ["permit", "deny", "reject"], mandatory: true } as const;

const actions = {
	permit: flag({ help: "Let it pass" }),
	deny: container({
		help: "Drop it silently",
		presence: true,
		layout: "line",
		children: { "block-message": flag({ help: "Show the browser a page that says so" }) },
	}),
	reject: container({
		help: "Block it and tell the client",
		presence: true,
		layout: "line",
		children: { "block-message": flag({ help: "Show the browser a page that says so" }) },
	}),
};

export const applicationFirewall = container({
	help: "Permit and deny by the application that is recognized",
	engine: "not-yet",
	children: {
		profile: list({
			help: "Pages that are shown when a request is blocked",
			keys: { name: name() },
			children: {
				"block-message": container({
					help: "What the page says",
					alternatives: [{ of: ["custom-text", "custom-redirect-url"] }],
					children: {
						"custom-text": leaf(text({ max: 2_000 }), { help: "Text" }),
						"custom-redirect-url": leaf(url(), { help: "Page elsewhere" }),
					},
				}),
			},
		}),
		"rule-sets": list({
			help: "Rules that are tried in order",
			keys: { name: name() },
			children: {
				profile: leaf(reference("security application-firewall profile"), { help: "Page of blocked requests" }),
				rule: list({
					help: "A rule",
					order: "user",
					keys: { name: name() },
					children: {
						match: container({
							help: "Which applications",
							children: {
								"dynamic-application": leafList(dynamicApplication, { help: "Applications" }),
								"dynamic-application-group": leafList(dynamicApplication, { help: "Groups of applications" }),
								"ssl-encryption": leaf(enumeration({ any: "In TLS or in clear", yes: "In TLS", no: "In clear" }), {
									help: "How they travel",
									default: "any",
								}),
							},
						}),
						then: container({ help: "What becomes of them", alternatives: [action], children: actions }),
					},
				}),
				"default-rule": container({
					help: "What becomes of the others",
					alternatives: [{ of: action.of }],
					children: actions,
				}),
			},
		}),
	},
});

export const applicationTracking = container({
	help: "Records of the applications of each session, in zones with application-tracking",
	engine: "not-yet",
	children: {
		disable: flag({ help: "Write none" }),
		"first-update": flag({ help: "Write one when the session begins" }),
		"first-update-interval": leaf(integer({ min: 0, max: 720, unit: "minutes" }), {
			help: "Time after which the first is written",
			default: 1,
		}),
		"session-update-interval": leaf(integer({ min: 1, max: 720, unit: "minutes" }), {
			help: { what: "Time between the others", grows: "the time until a long session is seen" },
			default: 5,
		}),
	},
});

export const advancePolicyBasedRouting = container({
	help: "Routes by the application that is recognized",
	engine: "not-yet",
	children: {
		profile: list({
			help: "Rules that are tried in order",
			keys: { name: name() },
			children: {
				rule: list({
					help: "A rule",
					order: "user",
					keys: { name: name() },
					children: {
						match: container({
							help: "Which applications",
							children: {
								"dynamic-application": leafList(dynamicApplication, { help: "Applications" }),
								"dynamic-application-group": leafList(dynamicApplication, { help: "Groups of applications" }),
								category: leafList(name(), { help: "Categories of the server's name" }),
							},
						}),
						then: container({
							help: "Where they go",
							children: {
								"routing-instance": leaf(reference("routing-instances instance"), {
									help: "Routing instance",
									mandatory: true,
								}),
							},
						}),
					},
				}),
			},
		}),
	},
});
