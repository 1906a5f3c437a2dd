/** `security ike`: how peers are authenticated and how keys are agreed with them. */
import { enumeration, integer, keyword, name, reference, secret, text, union } from "#config/leaf-types.ts";
import { address, emailAddress, host, hostName, interfaceName } from "#config/network-types.ts";
import { container, flag, leaf, leafList, list, type Snapshot } from "#config/schema.ts";
import { hexadecimalKey } from "#ike/key-types.ts";
import { certificateReference } from "#pki/certificate-id.ts";
import { traceFile } from "#telemetry/trace-file.ts";

/** The groups of a Diffie-Hellman exchange. */
export const groups = enumeration({
	group1: "768-bit MODP; danger: can be broken",
	group2: "1024-bit MODP; danger: can be broken by a state",
	group5: "1536-bit MODP",
	group14: "2048-bit MODP",
	group15: "3072-bit MODP",
	group16: "4096-bit MODP",
	group19: "256-bit random elliptic curve",
	group20: "384-bit random elliptic curve",
	group21: "521-bit random elliptic curve",
	group24: "2048-bit MODP with a 256-bit subgroup",
});

/** The ciphers of IKE and ESP. */
export const ciphers = enumeration({
	"des-cbc": "DES, 56-bit key; danger: broken",
	"3des-cbc": "Triple DES, 192-bit key; danger: blocks of 64 bits collide",
	"aes-128-cbc": "AES, 128-bit key",
	"aes-192-cbc": "AES, 192-bit key",
	"aes-256-cbc": "AES, 256-bit key",
	"aes-128-gcm": "AES with authentication, 128-bit key",
	"aes-192-gcm": "AES with authentication, 192-bit key",
	"aes-256-gcm": "AES with authentication, 256-bit key",
});

/** The proposals that need no configuration. */
export const proposalSets = enumeration({
	standard: "AES-128 and 3DES with SHA-1, group 2",
	compatible: "3DES and DES with SHA-1 and MD5, group 2",
	basic: "DES with SHA-1 and MD5, group 1",
	"suiteb-gcm-128": "AES-128 and SHA-256, group 19, certificates with keys on P-256; ESP with AES-128-GCM",
	"suiteb-gcm-256": "AES-256 and SHA-384, group 20, certificates with keys on P-384; ESP with AES-256-GCM",
});

/** True for a set whose peers authenticate by certificates; those of the others do by a pre-shared key. */
export function isCertificateSet(proposalSet: string | undefined): boolean {
	return proposalSet?.startsWith("suiteb-") === true;
}

/** Key exchanges behind the first one (RFC 9370): nobody who breaks only one of them reads the traffic. */
export const additionalKeyExchange = container({
	help: {
		what: "Further key exchanges behind that of the group (RFC 9370), so that recorded traffic stays secret when the group is broken",
		loosened: "danger: without one of ML-KEM, who records the traffic can read it once there are quantum computers",
	},
	presence: true,
	children: {
		methods: leafList(
			enumeration({
				"ml-kem-512": "Module-lattice key encapsulation of FIPS 203, as strong as AES-128",
				"ml-kem-768": "Module-lattice key encapsulation of FIPS 203, as strong as AES-192",
				"ml-kem-1024": "Module-lattice key encapsulation of FIPS 203, as strong as AES-256",
				group14: "2048-bit MODP",
				group15: "3072-bit MODP",
				group16: "4096-bit MODP",
				group19: "256-bit random elliptic curve",
				group20: "384-bit random elliptic curve",
				group21: "521-bit random elliptic curve",
			}),
			{
				help: { what: "One exchange for each, in this order", grows: "messages of a negotiation and processor time" },
				mandatory: true,
				maxValues: 7,
			},
		),
		optional: flag({
			help: {
				what: "Offer and accept the proposal without them, too, behind that with them",
				loosened: "danger: with a peer that does not know them, the group alone protects the traffic",
			},
		}),
	},
});

const proposal = list({
	help: "What may be agreed in phase 1",
	keys: { name: name() },
	children: {
		description: leaf(text({ max: 900 }), { help: "Text" }),
		"authentication-method": leaf(
			enumeration({
				"pre-shared-keys": "A key that both ends know",
				"rsa-signatures": "Certificates with RSA keys",
				"dsa-signatures": "Certificates with DSA keys",
				"ecdsa-signatures-256": "Certificates with keys on the curve P-256",
				"ecdsa-signatures-384": "Certificates with keys on the curve P-384",
			}),
			{ help: "How the peers authenticate", default: "pre-shared-keys" },
		),
		"dh-group": leaf(groups, {
			help: {
				what: "Group of the key exchange; the same at both ends",
				grows: "processor time of a negotiation",
				loosened: "danger: who records the traffic and breaks the group reads all of it",
			},
			mandatory: true,
		}),
		"additional-key-exchange": additionalKeyExchange,
		"authentication-algorithm": leaf(
			enumeration({
				md5: "128-bit digest; danger: broken",
				sha1: "160-bit digest",
				"sha-256": "256-bit digest",
				"sha-384": "384-bit digest",
				"sha-512": "512-bit digest",
			}),
			{ help: { what: "Hash of phase 1", loosened: "danger: a broken hash lets messages be forged" } },
		),
		"encryption-algorithm": leaf(ciphers, {
			help: { what: "Cipher of phase 1", loosened: "danger: a broken cipher opens identities and keys" },
			mandatory: true,
		}),
		"lifetime-seconds": leaf(integer({ min: 180, max: 86_400, unit: "seconds" }), {
			help: { what: "How long the keys of phase 1 are used", grows: "what a stolen key opens" },
			default: 28_800,
		}),
	},
});

const preSharedKey = container({
	help: {
		what: "The key that both ends know",
		loosened: "danger: a short key can be guessed by who records one negotiation in aggressive mode",
	},
	layout: "line",
	alternatives: [{ of: ["ascii-text", "hexadecimal"] }],
	children: {
		"ascii-text": leaf(secret({ placeholder: "key" }), { help: "As text" }),
		hexadecimal: leaf(hexadecimalKey(), { help: "In hexadecimal" }),
	},
});

const policy = list({
	help: "Proposals and what authenticates this end",
	keys: { name: name() },
	alternatives: [{ of: ["proposals", "proposal-set"], mandatory: true, onSet: "refuse" }],
	children: {
		mode: leaf(
			enumeration({
				main: "Six messages; identities are encrypted",
				aggressive: "Three messages; danger: identities are in clear, and keys can be guessed offline",
			}),
			{ help: "Exchange of phase 1; without meaning for IKEv2", default: "main", engine: "not-yet" },
		),
		description: leaf(text({ max: 900 }), { help: "Text" }),
		proposals: leafList(reference("security ike proposal"), { help: "Offered in this order", maxValues: 4 }),
		"proposal-set": leaf(proposalSets, {
			help: {
				what: "A predefined list of proposals",
				loosened: "danger: basic and compatible hold DES and MD5, which are broken",
			},
		}),
		"pre-shared-key": preSharedKey,
		certificate: container({
			help: "What authenticates this end by signatures",
			children: {
				"local-certificate": leaf(certificateReference, {
					help: "Certificate of this end",
				}),
				"trusted-ca": leaf(
					union([
						keyword("use-all", "Every authority that is configured"),
						integer({ min: 0, max: 65_535, placeholder: "ca-index" }),
					]),
					{
						help: "Whose certificates of peers are accepted: the CA profile of this number, counted from 1, or of all when absent",
					},
				),
				"peer-certificate-type": leaf(
					enumeration({ "x509-signature": "A certificate alone", pkcs7: "Certificates in PKCS #7" }),
					{
						help: "Form of certificate that the peer is asked for",
						default: "x509-signature",
						engine: "not-yet",
					},
				),
			},
		}),
	},
});

const identityParts = {
	hostname: leaf(hostName(), { help: "A host name" }),
	inet: leaf(address("inet"), { help: "An IPv4 address" }),
	inet6: leaf(address("inet6"), { help: "An IPv6 address" }),
	"user-at-hostname": leaf(emailAddress(), { help: "An e-mail address" }),
};

const distinguishedName = container({
	help: {
		what: "A subject of a certificate that has these fields, as O=Example,OU=Branches",
		loosened:
			"danger: without fields, or with few, every holder of one of the authority's certificates that has them is let in",
	},
	presence: true,
	layout: "line-if-single",
	children: {
		container: leaf(text({ min: 1, max: 1_024, placeholder: "container-string" }), {
			help: "Fields that must be there, all of them and in this order, read from either end",
		}),
		wildcard: leaf(text({ min: 1, max: 1_024, placeholder: "wildcard-string" }), {
			help: "Fields that must be there, in any order and among others",
		}),
	},
});

const identities = ["distinguished-name", "hostname", "inet", "inet6", "user-at-hostname"] as const;

const dynamic = container({
	help: "A peer without a fixed address",
	presence: true,
	alternatives: [{ of: identities, mandatory: true }],
	children: {
		"distinguished-name": distinguishedName,
		...identityParts,
		"connections-limit": leaf(integer({ min: 1, max: 4_294_967_295, placeholder: "number" }), {
			help: {
				what: "Concurrent associations of IKE with peers of this gateway; any number when absent",
				grows: "memory",
			},
		}),
		"ike-user-type": leaf(
			enumeration({
				"group-ike-id": "One e-mail address or name for a group, so that no user needs a profile",
				"shared-ike-id": "One e-mail address for a large number of users",
			}),
			{ help: "Whether users share an identity", engine: "not-yet" },
		),
	},
});

const gateway = list({
	help: "A peer",
	keys: { name: name() },
	alternatives: [{ of: ["address", "dynamic"], mandatory: true, onSet: "refuse" }],
	children: {
		"ike-policy": leaf(reference("security ike policy"), { help: "Policy", mandatory: true }),
		address: leafList(host(), { help: "The peer's address or name, and up to four to try after it", maxValues: 5 }),
		dynamic,
		"dead-peer-detection": container({
			help: "Ask whether the peer is alive",
			presence: true,
			alternatives: [{ of: ["optimized", "probe-idle-tunnel", "always-send"] }],
			children: {
				optimized: flag({ help: "Ask when something was sent and nothing came back; so without this statement" }),
				"probe-idle-tunnel": flag({ help: "Ask when nothing came, whether or not something was sent" }),
				"always-send": flag({ help: "Ask at each interval, whatever traffic there is" }),
				interval: leaf(integer({ min: 0, max: 60, unit: "seconds" }), {
					help: "Silence after which the peer is asked, and time between two questions; 0 means the default",
					default: 10,
				}),
				threshold: leaf(integer({ min: 1, max: 5, placeholder: "requests" }), {
					help: "Unanswered requests after which the peer counts as gone; always 5 for IKEv2",
					default: 5,
				}),
			},
		}),
		mobike: flag({
			help: "The end that began may go to another address while the tunnel stands (RFC 4555): a device that changes networks",
		}),
		"no-nat-traversal": flag({ help: "Do not wrap ESP in UDP when there is address translation on the way" }),
		"nat-keepalive": leaf(integer({ min: 1, max: 300, unit: "seconds" }), {
			help: "How often a packet keeps the translation alive",
			default: 5,
		}),
		"local-identity": container({
			help: "Who this end says it is; its own address when absent",
			layout: "line",
			alternatives: [{ of: identities }],
			children: {
				"distinguished-name": flag({ help: "The subject of the local certificate" }),
				...identityParts,
			},
		}),
		"remote-identity": container({
			help: "Who the peer must say it is; its address when absent",
			layout: "line",
			alternatives: [{ of: identities }],
			children: { "distinguished-name": distinguishedName, ...identityParts },
		}),
		"external-interface": leaf(interfaceName("required"), {
			help: "Interface that IKE leaves by; its zone must admit ike",
			mandatory: true,
		}),
		"general-ikeid": flag({
			help: {
				what: "Accept whatever identity the peer gives",
				loosened: "danger: with certificates, every holder of one of the authority's certificates is let in",
			},
		}),
		xauth: container({
			help: "Extended authentication of remote users, after IKE's own",
			presence: true,
			engine: "not-yet",
			children: {
				"access-profile": leaf(reference("access profile"), { help: "Who is asked about the user", mandatory: true }),
			},
		}),
		aaa: container({
			help: "Users by EAP within IKEv2, after the gateway has proved itself by its certificate",
			presence: true,
			children: {
				"eap-tls": flag({
					help: "The peer is a user with a certificate of an authority that the policy trusts, and proves it by EAP-TLS",
				}),
				"access-profile": leaf(reference("access profile"), {
					help: {
						what: "The peer is a user of this profile, and proves by MSCHAPv2 that it knows the password",
						loosened: "danger: passwords can be guessed online; an address that sent five wrong ones has to wait",
					},
				}),
				client: container({
					help: "This end is a user, whom the peer asks for a password by MSCHAPv2",
					presence: true,
					children: {
						username: leaf(text({ min: 1, max: 253, placeholder: "user" }), { help: "Name", mandatory: true }),
						password: leaf(secret({ placeholder: "password" }), { help: "Password", mandatory: true }),
					},
				}),
			},
		}),
		version: leaf(enumeration({ "v1-only": "IKEv1", "v2-only": "IKEv2" }), {
			help: "Version of IKE; there is no falling back from one to the other",
			default: "v1-only",
		}),
	},
});

const traceoptions = container({
	help: "Trace of IKE; .log is added to the name of the file when it does not end so",
	permission: "trace",
	children: {
		file: traceFile,
		flag: list({
			help: "What is traced",
			keys: {
				name: enumeration({
					all: "Everything",
					certificates: "Certificates",
					config: "How the configuration arrives",
					database: "The database of VPNs",
					general: "General",
					"high-availability": "High availability",
					ike: "The protocol",
					"next-hop-tunnels": "Next-hop tunnel bindings",
					parse: "How VPNs are read",
					"policy-manager": "Decisions of policies",
					"routing-socket": "Messages of the kernel",
					thread: "Threads",
					timer: "Timers",
				}),
			},
		}),
		"key-log": flag({
			help: {
				what: "Write the keys of IKE into key-log/ikev2_decryption_table of the state directory, which Wireshark reads",
				loosened:
					"danger: who reads the file reads every negotiation that was recorded meanwhile, keys of tunnels without forward secrecy among it",
			},
		}),
		"no-remote-trace": flag({ help: "Do not trace remotely; a trace never leaves this host" }),
		"rate-limit": leaf(integer({ min: 0, max: 4_294_967_295, unit: "messages-per-second" }), {
			help: "More than this are not traced",
		}),
	},
});

export const ike = container({
	help: "Internet Key Exchange",
	children: {
		traceoptions,
		"respond-bad-spi": leaf(integer({ min: 1, max: 30, placeholder: "max-responses" }), {
			engine: "not-yet",
			help: {
				what: "Answer packets of unknown associations, so that both ends find together again; how often for each gateway",
				grows: "what forged packets can make this gateway do",
			},
			bare: 5,
		}),
		proposal,
		policy,
		gateway,
	},
});

/** A checked `security ike`. */
export type Ike = Snapshot<typeof ike>;

/** A checked `additional-key-exchange`. */
export type AdditionalKeyExchange = NonNullable<Snapshot<typeof additionalKeyExchange>>;

/** A checked policy. */
export type IkePolicy = NonNullable<ReturnType<Ike["policy"]["get"]>>;

/** A checked gateway. */
export type IkeGateway = NonNullable<ReturnType<Ike["gateway"]["get"]>>;
