/** `access` and `security user-identification`: who is asked about users. */
import { enumeration, integer, name, secret } from "#config/leaf-types.ts";
import { address, port } from "#config/network-types.ts";
import { container, flag, leaf, leafList, list } from "#config/schema.ts";

const radiusServer = list({
	help: "A RADIUS server",
	engine: "not-yet",
	order: "user",
	keys: { address: address() },
	children: {
		port: leaf(port(), { help: "Port", default: 1_812 }),
		secret: leaf(secret({ max: 128 }), { help: "Secret shared with the server", mandatory: true }),
		timeout: leaf(integer({ min: 1, max: 1_000, unit: "seconds" }), {
			help: "How long an answer is waited for",
			default: 3,
		}),
		retry: leaf(integer({ min: 1, max: 100, placeholder: "attempts" }), {
			help: "How often a request is repeated",
			default: 3,
		}),
		"source-address": leaf(address(), { help: "Address that requests are sent from" }),
	},
});

export const access = container({
	help: "Who is asked about users",
	permission: "access",
	children: {
		profile: list({
			help: "An access profile",
			keys: { name: name() },
			children: {
				"authentication-order": leafList(
					enumeration({ password: "The users of this profile", radius: "The RADIUS servers", ldap: "A directory" }),
					{
						help: "Who is asked first; only the users of the profile are asked in this version",
						default: ["password"],
					},
				),
				client: list({
					help: "A user",
					keys: { name: name({ also: "@" }) },
					children: {
						"client-group": leafList(name(), { help: "Groups of the user", engine: "not-yet" }),
						"firewall-user": container({
							help: "The user at the firewall",
							children: {
								password: leaf(secret(), {
									help: {
										what: "Password; for VPNs the user proves that it knows it by MSCHAPv2",
										loosened: "danger: a short one can be guessed; wrong ones are slowed down, not stopped",
									},
								}),
							},
						}),
						"no-rfc2486": flag({
							help: "Take the name as it is, whatever follows an @",
							engine: "not-yet",
						}),
					},
				}),
				"radius-server": radiusServer,
			},
		}),
	},
});

const source = (what: string, priority: number) =>
	container({
		help: what,
		alternatives: [{ of: ["disable", "priority"] }],
		children: {
			disable: flag({ help: "Do not ask it" }),
			priority: leaf(integer({ min: 1, max: 65_535 }), { help: "The lowest is asked first", default: priority }),
		},
	});

export const userIdentification = container({
	help: "How the user of a connection is found out",
	engine: "not-yet",
	children: {
		"authentication-source": container({
			help: "Tables of users and their roles",
			children: {
				"local-authentication-table": source("The table of this gateway", 100),
				"unified-access-control": source("The access controller", 200),
			},
		}),
	},
});
