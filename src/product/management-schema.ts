/** `system services`: how this gateway is managed from elsewhere. */
import { isLoopback } from "#base/address.ts";
import { type Finding, warning } from "#config/finding.ts";
import { enumeration, integer } from "#config/leaf-types.ts";
import { address, interfaceName, port, prefix } from "#config/network-types.ts";
import { container, flag, leaf, leafList, type Snapshot } from "#config/schema.ts";
import { certificateReference } from "#pki/certificate-id.ts";

const ssh = container({
	help: "Secure shell",
	presence: true,
	engine: "not-yet",
	children: {
		"root-login": leaf(enumeration({ allow: "By password or key", "deny-password": "By key", deny: "Not at all" }), {
			help: { what: "Whether root may log in", loosened: "danger: with allow, the password of root can be guessed" },
			default: "deny",
		}),
		macs: leafList(
			enumeration({
				"hmac-md5": "MD5; danger: broken",
				"hmac-md5-96": "The first 96 bits of MD5; danger: broken",
				"hmac-ripemd160": "RIPEMD-160",
				"hmac-sha1": "SHA-1",
				"hmac-sha1-96": "The first 96 bits of SHA-1",
				"hmac-sha2-256": "SHA-256",
				"hmac-sha2-256-96": "The first 96 bits of SHA-256",
				"hmac-sha2-512": "SHA-512",
				"umac-64": "UMAC-64",
			}),
			{ help: { what: "What authenticates packets", loosened: "danger: with MD5, packets may be forged" } },
		),
		"connection-limit": leaf(integer({ min: 1, max: 250, placeholder: "connections" }), {
			help: "At one time",
			default: 75,
		}),
		"rate-limit": leaf(integer({ min: 1, max: 250, placeholder: "connections" }), {
			help: "New ones a minute",
			default: 150,
		}),
	},
});

const webManagement = container({
	help: "The console in a browser",
	engine: "not-yet",
	children: {
		http: container({
			help: {
				what: "In clear",
				loosened: "danger: passwords and configuration cross the network in clear",
			},
			presence: true,
			children: {
				port: leaf(port(), { help: "Port", default: 80 }),
				interface: leafList(interfaceName("required"), { help: "Interfaces; all when absent" }),
			},
		}),
		https: container({
			help: "In TLS",
			presence: true,
			alternatives: [{ of: ["local-certificate", "system-generated-certificate"] }],
			children: {
				port: leaf(port(), { help: "Port", default: 443 }),
				interface: leafList(interfaceName("required"), { help: "Interfaces; all when absent" }),
				"local-certificate": leaf(certificateReference, { help: "Certificate", aliases: ["pki-local-certificate"] }),
				"system-generated-certificate": flag({ help: "A certificate that this gateway signs itself" }),
			},
		}),
		session: container({
			help: "Sessions in the browser",
			children: {
				"idle-timeout": leaf(integer({ min: 1, max: 1_440, unit: "minutes" }), {
					help: {
						what: "A session without a request for so long is ended",
						loosened: "danger: a browser that was left open serves whoever comes by",
					},
					default: 30,
				}),
				"session-limit": leaf(integer({ min: 1, max: 1_024, placeholder: "sessions" }), {
					help: "At one time",
					default: 64,
				}),
			},
		}),
	},
});

const rest = container({
	help: "The interface for programs",
	engine: "not-yet",
	children: {
		http: container({
			help: { what: "In clear", loosened: "danger: tokens and configuration cross the network in clear" },
			presence: true,
			children: {
				port: leaf(port(), { help: "Port", default: 3_000 }),
				addresses: leafList(address(), { help: "Addresses to accept clients at; loopback when absent" }),
			},
		}),
		https: container({
			help: "In TLS",
			presence: true,
			children: {
				port: leaf(port(), { help: "Port", default: 3_443 }),
				addresses: leafList(address(), { help: "Addresses to accept clients at; all when absent" }),
				"server-certificate": leaf(certificateReference, { help: "Certificate", mandatory: true }),
			},
		}),
		control: container({
			help: "Who may use it",
			children: {
				"allowed-sources": leafList(prefix(), {
					help: {
						what: "Addresses of clients; any when absent",
						loosened: "danger: anybody can try passwords and tokens",
					},
				}),
				"connection-limit": leaf(integer({ min: 1, max: 1_024, placeholder: "connections" }), {
					help: "At one time",
					default: 64,
				}),
			},
		}),
	},
});

export const services = container({
	help: "How this gateway is managed from elsewhere",
	children: { ssh, "web-management": webManagement, rest },
});

/** Management in clear is said to be a danger. */
export function verifyManagement({ webManagement: web, rest: api }: Snapshot<typeof services>): readonly Finding[] {
	const path = ["system", "services"];
	const findings: Finding[] = [];
	if (web.http !== undefined) {
		const message = "danger: passwords and configuration cross the network in clear; use https";
		findings.push(warning([...path, "web-management"], "http", message));
	}
	if (api.http?.addresses.some((one) => !isLoopback(one)) === true) {
		const message = "danger: tokens and configuration cross the network in clear; use https";
		findings.push(warning([...path, "rest"], "http", message));
	}
	return findings;
}
