/** `security ipsec`: what is agreed in phase 2, and the VPNs. */
import { enumeration, integer, name, reference, secret, text } from "#config/leaf-types.ts";
import { address, interfaceName, prefix } from "#config/network-types.ts";
import { container, flag, leaf, leafList, list, type Snapshot } from "#config/schema.ts";
import { additionalKeyExchange, ciphers, groups, proposalSets } from "#ike/ike-schema.ts";
import { hexadecimalKey, proxyService } from "#ike/key-types.ts";

const authenticators = enumeration({
	"hmac-md5-96": "MD5, 128-bit key; danger: broken",
	"hmac-sha1-96": "SHA-1, 160-bit key",
	"hmac-sha-256-128": "SHA-256, 256-bit key",
	"hmac-sha-384": "SHA-384, 384-bit key",
	"hmac-sha-512": "SHA-512, 512-bit key",
});

const protocols = enumeration({
	esp: "Encapsulating Security Payload: encryption and authentication",
	ah: "Authentication Header; danger: nothing is encrypted",
});

const forgery = "danger: without it, packets can be changed on the way";
const reading = "danger: without it, or with a broken cipher, traffic can be read on the way";

const proposal = list({
	help: "What may be agreed in phase 2",
	keys: { name: name() },
	children: {
		description: leaf(text({ max: 900 }), { help: "Text" }),
		protocol: leaf(protocols, { help: "Protocol", default: "esp" }),
		"authentication-algorithm": leaf(authenticators, {
			help: { what: "What authenticates packets", loosened: forgery },
		}),
		"encryption-algorithm": leaf(ciphers, { help: { what: "What encrypts packets", loosened: reading } }),
		"extended-sequence-number": flag({
			help: "Count packets with 64 bits, so that fast tunnels need no new keys when 32 are used up; the peer must, too",
		}),
		"lifetime-seconds": leaf(integer({ min: 180, max: 86_400, unit: "seconds" }), {
			help: { what: "How long the keys are used", grows: "what a stolen key opens" },
			default: 3_600,
		}),
		"lifetime-kilobytes": leaf(integer({ min: 64, max: 1_048_576, unit: "kilobytes" }), {
			help: {
				what: "How much the keys are used for, in each direction; any amount when absent",
				grows: "what a stolen key opens",
			},
		}),
	},
});

const policy = list({
	help: "Proposals and forward secrecy",
	keys: { name: name() },
	alternatives: [{ of: ["proposals", "proposal-set"], mandatory: true, onSet: "refuse" }],
	children: {
		description: leaf(text({ max: 900 }), { help: "Text" }),
		"perfect-forward-secrecy": container({
			help: {
				what: "A key exchange of its own in every phase 2; goes before that of a proposal set",
				loosened: "danger: without it, one stolen key of phase 1 opens everything that followed from it",
			},
			presence: true,
			children: {
				keys: leaf(groups, { help: "Group of the key exchange", mandatory: true }),
				"additional-key-exchange": additionalKeyExchange,
			},
		}),
		proposals: leafList(reference("security ipsec proposal"), { help: "Offered in this order", maxValues: 4 }),
		"proposal-set": leaf(proposalSets, {
			help: {
				what: "A predefined list of proposals",
				loosened: "danger: basic and compatible hold DES and MD5, which are broken",
			},
		}),
	},
});

const manualKey = container({
	help: "The key, entered by hand at both ends",
	layout: "line",
	alternatives: [{ of: ["ascii-text", "hexadecimal"], mandatory: true }],
	children: {
		"ascii-text": leaf(secret({ max: 64, placeholder: "key" }), { help: "As text, one octet a character" }),
		hexadecimal: leaf(hexadecimalKey(64), { help: "In hexadecimal" }),
	},
});

const manual = container({
	help: {
		what: "Keys entered by hand, without negotiation",
		loosened: "danger: the keys never change; who finds them out reads everything, past and to come",
	},
	presence: true,
	engine: "not-yet",
	children: {
		gateway: leaf(address(), { help: "The peer", mandatory: true }),
		"external-interface": leaf(interfaceName("required"), { help: "Interface that packets leave by", mandatory: true }),
		protocol: leaf(protocols, { help: "Protocol", mandatory: true }),
		spi: leaf(integer({ min: 256, max: 16_639, placeholder: "spi-value" }), {
			help: "Number by which the receiver finds the association; the same at both ends",
			mandatory: true,
		}),
		authentication: container({
			help: { what: "What authenticates packets", loosened: forgery },
			presence: true,
			children: { algorithm: leaf(authenticators, { help: "Algorithm", mandatory: true }), key: manualKey },
		}),
		encryption: container({
			help: { what: "What encrypts packets", loosened: reading },
			presence: true,
			children: { algorithm: leaf(ciphers, { help: "Algorithm", mandatory: true }), key: manualKey },
		}),
	},
});

const negotiated = container({
	help: "Keys agreed by IKE",
	presence: true,
	children: {
		gateway: leaf(reference("security ike gateway"), { help: "The peer", mandatory: true }),
		"idle-time": leaf(integer({ min: 60, max: 999_999, unit: "seconds" }), {
			help: "Take the association down when there was no traffic for so long; never when absent",
		}),
		"no-anti-replay": flag({
			help: {
				what: "Do not look at sequence numbers",
				loosened: "danger: recorded packets can be sent again and are accepted",
			},
		}),
		"proxy-identity": container({
			help: "What the tunnel is for, as told to the peer; from the policies or 0.0.0.0/0 when absent",
			children: {
				local: leaf(prefix(), { help: "Addresses behind this end" }),
				remote: leaf(prefix(), { help: "Addresses behind the peer" }),
				service: leaf(proxyService(), { help: "Protocol and ports; a tunnel is made for any alone" }),
			},
		}),
		"ipsec-policy": leaf(reference("security ipsec policy"), { help: "Policy", mandatory: true }),
		"install-interval": leaf(integer({ min: 0, max: 10, unit: "seconds" }), {
			help: "Longest time until the keys of a new outbound association are used; here that is at once, whatever it says",
		}),
	},
});

const vpn = list({
	help: "A VPN",
	keys: { name: name() },
	alternatives: [{ of: ["ike", "manual"], mandatory: true, onSet: "refuse" }],
	children: {
		"bind-interface": leaf(interfaceName("required"), {
			help: "Tunnel interface st0.N of a route-based VPN; a policy-based VPN has none",
		}),
		"df-bit": leaf(
			enumeration({
				clear: "Packets may be fragmented",
				copy: "As in the packet within",
				set: "Packets may not be fragmented",
			}),
			{
				help: "Don't-fragment bit of the outer header of IPv4; what then does not fit is told to its sender",
				default: "clear",
			},
		),
		"vpn-monitor": container({
			help: "Ping through the tunnel; while nothing answers it is down, and its routes are taken away. Cannot stand beside dead-peer-detection",
			presence: true,
			children: {
				optimized: flag({ help: "Traffic that arrives counts as an answer" }),
				"source-interface": leaf(interfaceName("required"), {
					help: "Interface whose address is pinged from; the local end of the tunnel when absent",
				}),
				"destination-ip": leaf(address(), {
					help: "Address to ping, which must send its answers into the tunnel; the peer's when absent",
				}),
			},
		}),
		manual,
		ike: negotiated,
		"establish-tunnels": leaf(
			enumeration({
				immediately: "As soon as the configuration is committed",
				"on-traffic": "When there is something to send, which is then lost",
			}),
			{ help: "When negotiation begins", default: "on-traffic" },
		),
	},
});

export const ipsec = container({
	help: "IP security",
	children: {
		traceoptions: container({
			help: "Trace of IPsec, in the file of 'security ike traceoptions'",
			permission: "trace",
			children: {
				flag: list({
					help: "What is traced",
					keys: {
						name: enumeration({
							all: "Everything",
							"next-hop-tunnel-binding": "Next-hop tunnel bindings",
							"packet-drops": "Packets that are dropped",
							"packet-processing": "Packets",
							"security-associations": "Security associations",
						}),
					},
				}),
			},
		}),
		"vpn-monitor-options": container({
			help: "When a tunnel with vpn-monitor counts as down",
			children: {
				interval: leaf(integer({ min: 2, max: 3_600, unit: "seconds" }), {
					help: "Time between two pings",
					default: 10,
				}),
				threshold: leaf(integer({ min: 1, max: 65_536, placeholder: "pings" }), {
					help: "Pings that fail one after the other",
					default: 10,
				}),
			},
		}),
		"data-plane": leaf(
			enumeration({
				auto: "The kernel when it can and all VPNs fit, otherwise user space",
				kernel: "The kernel (XFRM); a VPN that it cannot carry is not run",
				"user-space": "A process of the gateway",
			}),
			{
				help: "Who carries the packets of all tunnels; a change takes them down, and they come up anew",
				default: "auto",
			},
		),
		proposal,
		policy,
		vpn,
	},
});

/** A checked `security ipsec`. */
export type Ipsec = Snapshot<typeof ipsec>;

/** A checked VPN. */
export type Vpn = NonNullable<ReturnType<Ipsec["vpn"]["get"]>>;
