/** `services gateway` and `services ssl proxy`: where traffic enters and how it is opened. */
import { error, type Finding, warning } from "#config/finding.ts";
import { enumeration, integer, keyword, name, reference, text, union } from "#config/leaf-types.ts";
import { address, endpoint, hostName, hostPattern, prefix } from "#config/network-types.ts";
import { container, flag, leaf, leafList, list, type Snapshot } from "#config/schema.ts";
import { addressPaths } from "#policy/address-book-schema.ts";

const sslPermission = "ssl-inspection-management";

const gateway = container({
	help: "Where traffic enters the gateway",
	children: {
		"explicit-proxy": list({
			help: "HTTP proxy that clients are configured with",
			keys: { name: name() },
			children: {
				listen: leaf(endpoint(), { help: "Address and port to accept clients at", mandatory: true }),
				"permit-local-targets": flag({
					help: {
						what: "Let clients reach loopback and link-local addresses of this host through the proxy",
						loosened: "danger: services that listen on this host only become reachable for every client of the proxy",
					},
				}),
			},
		}),
		workers: leaf(integer({ min: 1, max: 128 }), {
			help: { what: "Number of worker processes; one per core when absent", grows: "memory, by about 60 MiB a worker" },
		}),
		timeouts: container({
			help: "How long the gateway waits for each step of a session",
			children: {
				request: leaf(integer({ min: 1, max: 300, unit: "seconds" }), {
					help: "For the client's request head",
					default: 10,
				}),
				"client-hello": leaf(integer({ min: 1, max: 300, unit: "seconds" }), {
					help: "For the client's ClientHello",
					default: 10,
				}),
				connect: leaf(integer({ min: 1, max: 300, unit: "seconds" }), {
					help: "For the connection to the server",
					default: 20,
				}),
				handshake: leaf(integer({ min: 1, max: 300, unit: "seconds" }), {
					help: "For each TLS handshake",
					default: 15,
				}),
				idle: leaf(integer({ min: 1, max: 86_400, unit: "seconds" }), {
					help: { what: "For any octet in either direction", grows: "memory held for connections that nobody uses" },
					default: 600,
				}),
			},
		}),
		"maximum-sessions": leaf(integer({ min: 1, max: 1_000_000 }), {
			help: {
				what: "Concurrent sessions of one worker; more are answered with 503",
				grows: "memory, by about 100 KiB a session",
			},
			default: 20_000,
		}),
	},
});

const logClasses = container({
	help: "Which sessions are recorded",
	children: {
		all: flag({ help: "Every session" }),
		info: flag({ help: "Information" }),
		warning: flag({ help: "Warnings" }),
		errors: flag({ help: "Sessions that ended with a fault" }),
		"sessions-allowed": flag({ help: "Sessions that were decrypted" }),
		"sessions-dropped": flag({ help: "Sessions that were blocked" }),
		"sessions-ignored": flag({ help: "Sessions that were not opened because no policy asked for it" }),
		"sessions-whitelisted": flag({
			help: "Sessions that were exempt from decryption",
			aliases: ["sessions-allowlisted"],
		}),
	},
});

const profile = list({
	help: "How a connection is opened",
	permission: sslPermission,
	keys: { name: name() },
	children: {
		description: leaf(text(), { help: "Text" }),
		"root-ca": leaf(name(), { help: "Certificate that signs leaves for trusted servers", mandatory: true }),
		"untrusted-root-ca": leaf(name(), {
			help: "Certificate that signs leaves for servers whose chain is not trusted, so that the client warns; without it they are blocked",
		}),
		"trusted-ca": leafList(union([keyword("all", "Public roots and every CA profile"), name()]), {
			help: "CA profiles that may vouch for servers",
			default: ["all"],
		}),
		"tls-grade": leaf(
			enumeration({
				strict: "TLS 1.3, and TLS 1.2 with ephemeral keys and AEAD",
				compatible: "Adds TLS 1.2 with CBC suites",
				legacy: "The set of older appliances: RSA key transport and TLS 1.0",
			}),
			{
				help: {
					what: "Which versions and suites both legs may use",
					loosened: "known attacks on old suites (checklist grade C)",
				},
				default: "strict",
			},
		),
		"certificate-validation": leaf(
			enumeration({
				strict: "Every rule of the web PKI's baseline requirements",
				"web-pki": "What browsers insist on",
				lenient: "What old private PKIs need",
			}),
			{
				help: {
					what: "How strictly servers' certificate chains are validated",
					loosened: "certificates that no browser accepts count as trusted",
				},
				default: "web-pki",
			},
		),
		whitelist: leafList(reference(addressPaths), {
			help: "Address-book entries that are never decrypted",
			aliases: ["allowlist"],
		}),
		"decryption-policy": leaf(reference("services ssl proxy decryption-policy"), {
			help: "What is exempt from decryption",
		}),
		"never-decrypt-source": leafList(prefix(), { help: "Clients whose connections are never decrypted" }),
		"always-decrypt-source": leafList(prefix(), { help: "Clients whose connections are decrypted whatever is exempt" }),
		actions: container({
			help: "What happens in special cases",
			children: {
				"ignore-server-auth-failure": flag({
					help: {
						what: "Treat every server as trusted",
						loosened: "danger: anybody on the way to the server can impersonate it, and the client cannot see it",
					},
				}),
				"block-invalid-certificates": flag({
					help: "Block servers whose certificate is not trusted instead of warning the client",
				}),
				"disable-session-resumption": flag({ help: "A full handshake for every connection, on both legs" }),
				"non-tls-traffic": leaf(enumeration({ drop: "End the connection", pass: "Relay it uninspected" }), {
					help: { what: "What becomes of a tunnel that does not carry TLS", loosened: "anything can pass uninspected" },
					default: "drop",
				}),
				log: logClasses,
			},
		}),
	},
});

const decryptionPolicy = list({
	help: "What is exempt from decryption",
	permission: sslPermission,
	keys: { name: name() },
	children: {
		description: leaf(text(), { help: "Text" }),
		"never-decrypt-domains": leafList(hostPattern(), {
			help: "Server names that are never decrypted; *.company.com covers every depth below company.com",
		}),
	},
});

const staticHosts = list({
	help: "Addresses of a host name, asked before the system's resolver",
	keys: { name: hostName() },
	layout: "line-if-single",
	children: {
		inet: leafList(address("inet"), { help: "IPv4 addresses" }),
		inet6: leafList(address("inet6"), { help: "IPv6 addresses" }),
	},
});

export const proxySchema = container({
	help: "Configuration",
	children: {
		system: container({ help: "System", permission: "system", children: { "static-host-mapping": staticHosts } }),
		services: container({
			help: "Services",
			permission: "services",
			children: {
				gateway,
				ssl: container({
					help: "TLS",
					permission: sslPermission,
					children: {
						proxy: container({
							help: "TLS inspection",
							children: { profile, "decryption-policy": decryptionPolicy },
						}),
					},
				}),
			},
		}),
	},
});

export type ProxyConfig = Snapshot<typeof proxySchema>;

/** What a commit says about the gateway's statements. `caIds` are the names of the signing certificates that exist. */
export function verifyProxy(config: ProxyConfig, caIds: ReadonlySet<string>): readonly Finding[] {
	const findings: Finding[] = [];
	for (const [profileName, { rootCa, untrustedRootCa, actions }] of config.services.ssl.proxy.profile) {
		const path = ["services", "ssl", "proxy", "profile", profileName];
		for (const [statement, id] of [
			["root-ca", rootCa],
			["untrusted-root-ca", untrustedRootCa],
		] as const) {
			if (id === undefined || caIds.has(id)) continue;
			findings.push(
				error(path, statement, `certificate '${id}' does not exist; existing: ${[...caIds].join(", ") || "none"}`),
			);
		}
		if (rootCa === untrustedRootCa) {
			findings.push(error(path, "untrusted-root-ca", "must differ from root-ca: clients trust that one"));
		}
		if (actions.ignoreServerAuthFailure) {
			findings.push(
				warning(
					[...path, "actions"],
					"ignore-server-auth-failure",
					"danger: servers are not authenticated; clients cannot notice an impostor",
				),
			);
		}
	}
	const listeners = [...config.services.gateway.explicitProxy];
	for (const [index, [listenerName, { listen }]] of listeners.entries()) {
		const twin = listeners
			.slice(0, index)
			.find(([, other]) => other.listen.host === listen.host && other.listen.port === listen.port);
		if (twin === undefined) continue;
		findings.push(
			error(
				["services", "gateway", "explicit-proxy", listenerName],
				"listen",
				`the same address as explicit-proxy ${twin[0]}`,
			),
		);
	}
	return findings;
}
