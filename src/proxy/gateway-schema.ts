/** `services gateway`: where traffic enters. */
import { type Endpoint, formatEndpoint } from "#base/address.ts";
import { passwordHashProblem } from "#base/password-hash.ts";
import { error, type Finding } from "#config/finding.ts";
import { enumeration, hashedSecret, integer, keyword, name, reference, union } from "#config/leaf-types.ts";
import { endpoint, hostEndpoint, interfaceName, port, prefix } from "#config/network-types.ts";
import { container, flag, leaf, leafList, list, type Snapshot } from "#config/schema.ts";
import { onboarding } from "#onboarding/schema.ts";
import { portRange } from "#policy/application-types.ts";

const listen = leaf(endpoint(), { help: "Address and port to accept clients at", mandatory: true });

const server = leaf(hostEndpoint(), { help: "Server behind, as address or name with its port", mandatory: true });

const seconds = (help: string, preset: number) =>
	leaf(integer({ min: 1, max: 300, unit: "seconds" }), { help, default: preset });

const fromZone = leaf(reference("security zones security-zone"), {
	help: "Zone that the clients count as; when absent, that of the interface or static route that leads to each",
});

const acceptProxyProtocol = leafList(prefix(), {
	help: {
		what: "Proxies in front, each of which begins a connection with a PROXY header (version 1 or 2) that tells the client",
		loosened: "danger: who connects from these addresses can claim to be any client",
		source: "HAProxy, doc/proxy-protocol.txt",
	},
});

const sendProxyProtocol = leaf(
	enumeration({ v1: "Version 1", v2: "Version 2, with what the client's TLS has proved" }),
	{
		help: "Tell the server in a PROXY header whom the connection belongs to",
	},
);

const explicitProtocols = enumeration({
	"http-connect": "HTTP CONNECT",
	http: "Requests for http:// URLs, which are forwarded in clear",
	socks5: "SOCKS version 5",
});

const authentication = container({
	help: {
		what: "Users of the proxy: when there is one, each client must give a user and a password, in SOCKS5 or by Proxy-Authorization: Basic",
		loosened: "danger: passwords cross the network to the proxy in clear; keep the two near each other",
		source: "RFC 1929, RFC 7617",
	},
	permission: "secret",
	children: {
		user: list({
			help: "A user",
			keys: { name: name({ max: 64, also: "@" }) },
			children: {
				"encrypted-password": leaf(hashedSecret(), {
					help: "Hash of the password in crypt form, as openssl passwd -6 makes it; * for a user that is shut out",
					mandatory: true,
				}),
			},
		}),
	},
});

const explicitProxy = list({
	help: "HTTP proxy that clients are configured with",
	keys: { name: name() },
	children: {
		listen,
		"permit-local-targets": flag({
			help: {
				what: "Let clients reach loopback and link-local addresses of this host through the proxy",
				loosened: "danger: services that listen on this host only become reachable for every client of the proxy",
			},
		}),
		authentication,
		protocols: leafList(explicitProtocols, { help: "What clients may speak", default: ["http-connect", "http"] }),
		"accept-proxy-protocol": acceptProxyProtocol,
		"from-zone": fromZone,
	},
});

const transparent = list({
	help: "Connections of clients that know nothing of a proxy, handed over by the packet filter",
	keys: { name: name() },
	children: {
		listen: leaf(port(), { help: "Port to which the packet filter hands them", mandatory: true }),
		mode: leaf(
			enumeration({
				tproxy: "The packet is left as it is",
				redirect: "The destination is translated to this host",
			}),
			{ help: "How they are handed over", default: "tproxy" },
		),
		interfaces: leafList(interfaceName("required"), { help: "Interfaces that clients arrive at", mandatory: true }),
		ports: leafList(union([keyword("any", "Every port"), portRange()]), {
			help: "Destination ports of the connections that are taken",
			default: [{ from: 443, to: 443 }],
		}),
		quic: leaf(
			enumeration({
				reject: "Refused at once, so that clients come over TCP",
				forward: "Left to the security policies",
			}),
			{
				help: {
					what: "What becomes of UDP to port 443 of these clients, which is HTTP/3",
					loosened:
						"danger: with forward, HTTP/3 goes past the gateway unopened wherever security policies let UDP pass",
				},
				default: "reject",
			},
		),
		"preserve-source-address": flag({
			help: "Connect to the server from the client's own address; the server's answers must come by way of this host",
		}),
	},
});

const reverse = list({
	help: "TLS on both sides, with the server's own certificate towards the clients",
	keys: { name: name() },
	children: {
		listen,
		server,
		profile: leaf(reference("services ssl proxy profile"), {
			help: "Profile with server-certificate",
			mandatory: true,
		}),
		"send-proxy-protocol": sendProxyProtocol,
		"accept-proxy-protocol": acceptProxyProtocol,
		"from-zone": fromZone,
	},
});

const offload = list({
	help: "TLS from the clients, plaintext to the server",
	keys: { name: name() },
	children: {
		listen,
		server: leaf(hostEndpoint(), {
			help: { what: "Server behind", loosened: "danger: what clients sent in TLS crosses the network to it in clear" },
			mandatory: true,
		}),
		"termination-profile": leaf(reference("services ssl termination profile"), {
			help: "Certificate and versions towards the clients",
			mandatory: true,
		}),
		starttls: leaf(
			enumeration({
				drop: "TLS begins with the first octet",
				allow: "Clients of SMTP, IMAP and POP3 are offered TLS; mail in clear passes too",
				require: "The same, but nobody logs in or sends mail before TLS",
			}),
			{
				help: {
					what: "Whether STARTTLS is offered in the place of a mail server that has no TLS",
					loosened: "danger: with allow, who is on the path can take the offer of TLS away, and mail passes in clear",
					source: "RFC 3207, RFC 2595, RFC 9051",
				},
				default: "drop",
			},
		),
		"send-proxy-protocol": sendProxyProtocol,
		"accept-proxy-protocol": acceptProxyProtocol,
		"from-zone": fromZone,
	},
});

const encrypt = list({
	help: "Plaintext from the clients, TLS to the server",
	keys: { name: name() },
	children: {
		listen,
		server,
		"initiation-profile": leaf(reference("services ssl initiation profile"), {
			help: "Versions and authorities towards the server",
			mandatory: true,
		}),
		starttls: flag({
			help: "The server begins in clear and is asked for TLS by STARTTLS of SMTP, IMAP or POP3; clients see none of it, and a server that refuses is not spoken to",
		}),
		"send-proxy-protocol": sendProxyProtocol,
		"accept-proxy-protocol": acceptProxyProtocol,
		"from-zone": fromZone,
	},
});

const passThrough = list({
	help: "TLS that is forwarded without being opened",
	keys: { name: name() },
	children: {
		listen,
		server: leaf(union([keyword("by-sni", "The server that the client names"), hostEndpoint()]), {
			help: {
				what: "Server behind",
				loosened: "danger: with by-sni, clients choose the server; policies must say which they may reach",
			},
			mandatory: true,
		}),
		"send-proxy-protocol": sendProxyProtocol,
		"accept-proxy-protocol": acceptProxyProtocol,
		"from-zone": fromZone,
	},
});

const datagram = list({
	help: "DTLS: opened on both sides, on one of them, or not at all",
	keys: { name: name() },
	alternatives: [
		{ of: ["profile", "termination-profile", "initiation-profile", "pass-through"], mandatory: true, onSet: "refuse" },
	],
	children: {
		listen: leaf(endpoint(), {
			help: {
				what: "Address and port to take datagrams at; at an unspecified address, answers leave from whichever the route gives",
			},
			mandatory: true,
		}),
		server: leaf(union([keyword("by-sni", "The server that the client names"), hostEndpoint()]), {
			help: {
				what: "Server behind; by-sni with pass-through only",
				loosened: "danger: with by-sni, clients choose the server; policies must say which they may reach",
			},
			mandatory: true,
		}),
		profile: leaf(reference("services ssl proxy profile"), {
			help: "DTLS on both sides, with the profile's server-certificate towards the clients",
		}),
		"termination-profile": leaf(reference("services ssl termination profile"), {
			help: {
				what: "DTLS from the clients, plain datagrams to the server",
				loosened: "danger: what clients sent in DTLS crosses the network to the server in clear",
			},
		}),
		"initiation-profile": leaf(reference("services ssl initiation profile"), {
			help: {
				what: "Plain datagrams from the clients, DTLS to the server",
				loosened: "danger: who sends in clear can forge its address, and the server's answers go there",
			},
		}),
		"pass-through": flag({ help: "Forwarded without being opened" }),
		"permit-servers-without-cookie": flag({
			help: {
				what: "With pass-through: let servers answer that have their clients prove no address (HelloVerifyRequest)",
				loosened:
					"danger: whoever forges a client's address has the server's certificates sent there, many times the octets of the question",
				source: "RFC 6347 section 4.2.1",
			},
		}),
		"idle-timeout": leaf(integer({ min: 5, max: 86_400, unit: "seconds" }), {
			help: {
				what: "How long a flow is kept without a datagram in either direction",
				grows: "sockets held for clients that are gone",
			},
			default: 180,
		}),
		"from-zone": fromZone,
	},
});

/** `services gateway`. */
export const gateway = container({
	help: "Where traffic enters the gateway",
	children: {
		"explicit-proxy": explicitProxy,
		transparent,
		reverse,
		offload,
		encrypt,
		"pass-through": passThrough,
		datagram,
		onboarding,
		workers: leaf(integer({ min: 1, max: 128 }), {
			help: { what: "Number of worker processes; one per core when absent", grows: "memory, by about 60 MiB a worker" },
		}),
		timeouts: container({
			help: "How long the gateway waits for each step of a session",
			children: {
				request: seconds("For the client's request head", 10),
				"client-hello": seconds("For the client's ClientHello", 10),
				connect: seconds("For the connection to the server", 20),
				handshake: seconds("For each TLS handshake", 15),
				idle: leaf(integer({ min: 1, max: 86_400, unit: "seconds" }), {
					help: { what: "For any octet in either direction", grows: "memory held for connections that nobody uses" },
					default: 600,
				}),
			},
		}),
		"maximum-sessions": leaf(integer({ min: 1, max: 1_000_000 }), {
			help: {
				what: "Concurrent sessions of one worker, two open files each; more are answered with 503",
				grows: "memory, by about 100 KiB a session",
			},
			default: 20_000,
		}),
		"maximum-sessions-per-client": leaf(integer({ min: 1, max: 1_000_000 }), {
			help: {
				what: "Concurrent sessions of one client address at one worker; more are refused",
				loosened: "danger: one client can take the sessions of all others",
			},
			default: 10_000,
		}),
		"memory-high-water": leaf(integer({ min: 64, max: 16_777_216, unit: "mebibytes" }), {
			help: {
				what: "Resident memory of one worker above which no further session is decrypted, until it is a tenth below: global-config overload-action says what becomes of them; when absent, three quarters of the host's memory shared out among the workers",
				loosened: "danger: a worker for which there is no memory is ended by the system with all its sessions",
			},
		}),
	},
});

/** Two listeners at one address and port, and a listener that is its own server. `profiles` are those of the SSL proxy. */
export function verifyListeners(
	config: Snapshot<typeof gateway>,
	profiles: ReadonlyMap<string, { readonly serverCertificate: readonly string[] }>,
): readonly Finding[] {
	const findings: Finding[] = [];
	for (const [listenerName, { profile }] of config.reverse) {
		const serverCertificate = profiles.get(profile)?.serverCertificate;
		if (serverCertificate === undefined || serverCertificate.length > 0) continue;
		const path = ["services", "gateway", "reverse", listenerName];
		findings.push(error(path, "profile", `profile '${profile}' has no 'server-certificate' to show to clients`));
	}
	for (const [listenerName, { server: to, passThrough: isPassed, profile }] of config.datagram) {
		const path = ["services", "gateway", "datagram", listenerName];
		if (to === "by-sni" && !isPassed)
			findings.push(error(path, "server", "by-sni needs pass-through: what is opened has a server of its own"));
		if (profile !== undefined && profiles.get(profile)?.serverCertificate.length === 0)
			findings.push(error(path, "profile", `profile '${profile}' has no 'server-certificate' to show to clients`));
	}
	findings.push(...verifyCircles(config), ...verifyUsers(config));
	const owners = { tcp: new Map<string, string>(), udp: new Map<string, string>() };
	const kinds = [
		["explicit-proxy", config.explicitProxy],
		["reverse", config.reverse],
		["offload", config.offload],
		["encrypt", config.encrypt],
		["pass-through", config.passThrough],
		["datagram", config.datagram],
	] as const;
	for (const [kind, listeners] of kinds) {
		const taken = kind === "datagram" ? owners.udp : owners.tcp;
		for (const [listenerName, { listen: at }] of listeners) {
			const key = `${at.host} ${at.port}`;
			const other = taken.get(key);
			if (other === undefined) taken.set(key, `${kind} ${listenerName}`);
			else {
				const path = ["services", "gateway", kind, listenerName];
				findings.push(error(path, "listen", `the same address as ${other}`));
			}
		}
	}
	return findings;
}

/** Hashes that could never be compared: nobody would get in. */
function verifyUsers(config: Snapshot<typeof gateway>): readonly Finding[] {
	const findings: Finding[] = [];
	for (const [listenerName, { authentication: users }] of config.explicitProxy) {
		for (const [userName, { encryptedPassword }] of users.user) {
			const problem = passwordHashProblem(encryptedPassword.danger_reveal());
			if (problem === undefined) continue;
			const path = ["services", "gateway", "explicit-proxy", listenerName, "authentication", "user", userName];
			findings.push(error(path, "encrypted-password", `${problem}, as openssl passwd -6 makes it`));
		}
	}
	return findings;
}

/** Listeners whose connections come back to themselves, by way of others perhaps. */
function verifyCircles(config: Snapshot<typeof gateway>): readonly Finding[] {
	const streams: Hop[] = [];
	for (const kind of ["reverse", "offload", "encrypt", "passThrough"] as const) {
		const statement = kind === "passThrough" ? "pass-through" : kind;
		for (const [name, { listen: from, server: to }] of config[kind]) streams.push({ from, to, statement, name });
	}
	const datagrams = [...config.datagram].map(
		([name, { listen: from, server: to }]): Hop => ({ from, to, statement: "datagram", name }),
	);
	return [...circlesIn(streams), ...circlesIn(datagrams)];
}

interface Hop {
	readonly from: Endpoint;
	readonly to: Endpoint | "by-sni";
	readonly statement: string;
	readonly name: string;
}

function circlesIn(hops: readonly Hop[]): readonly Finding[] {
	const next = new Map<string, { readonly server: string; readonly path: readonly string[] }>();
	for (const { from, to, statement, name } of hops) {
		if (to === "by-sni") continue;
		const path = ["services", "gateway", statement, name];
		next.set(formatEndpoint(from), { server: formatEndpoint(to), path });
	}
	const findings: Finding[] = [];
	for (const [start, { server: first, path }] of next) {
		let at: string | undefined = first;
		for (let hops = 0; at !== undefined && at !== start && hops < next.size; hops++) at = next.get(at)?.server;
		if (at === start) findings.push(error(path, "server", `leads back to ${start}, where the listener itself is`));
	}
	return findings;
}
