/** The commands of VPNs, as data: `show` and `clear security ike` and `ipsec`. */
import type { CommandNode, OptionNode } from "#cli/grammar.ts";
import { enumeration, integer } from "#config/leaf-types.ts";
import { address } from "#config/network-types.ts";

export type VpnHandler =
	| "clear-ike-associations"
	| "clear-ipsec-associations"
	| "clear-ipsec-statistics"
	| "show-ike-associations"
	| "show-ipsec-associations"
	| "show-ipsec-statistics";

type Node = CommandNode<VpnHandler>;

const index: OptionNode = {
	help: "Only the one with this number",
	type: integer({ min: 1, max: 4_294_967_295, placeholder: "index" }),
};
const family: OptionNode = {
	help: "Only those between addresses of this family",
	type: enumeration({ inet: "IPv4", inet6: "IPv6" }),
};
const layouts: Readonly<Record<string, OptionNode>> = {
	brief: { help: "One line each" },
	detail: { help: "All that is known" },
};

/** With the address of a peer before the options. */
function ofPeer(help: string, run: VpnHandler, options: Readonly<Record<string, OptionNode>>): Node {
	return {
		help,
		run,
		options,
		value: { name: "peer", type: address(), node: { help: "Only with this peer", run, options } },
	};
}

/** `show security ike`. */
export const ikeShows: Node = {
	help: "Internet Key Exchange",
	children: {
		"security-associations": ofPeer("Associations of IKE", "show-ike-associations", { index, family, ...layouts }),
	},
};

/** `show security ipsec`. */
export const ipsecShows: Node = {
	help: "IP security",
	children: {
		"security-associations": {
			help: "Tunnels and their associations",
			run: "show-ipsec-associations",
			options: { index, family, ...layouts },
		},
		statistics: {
			help: "Packets that were encrypted and decrypted, and errors",
			run: "show-ipsec-statistics",
			options: { index },
		},
	},
};

/** `clear security ike`. */
export const ikeClears: Node = {
	help: "Internet Key Exchange",
	children: {
		"security-associations": ofPeer("End associations, with the tunnels below them", "clear-ike-associations", {
			index,
			family,
			port: { help: "Only with a peer at this UDP port", type: integer({ min: 1, max: 65_535, placeholder: "port" }) },
		}),
	},
};

/** `clear security ipsec`. */
export const ipsecClears: Node = {
	help: "IP security",
	children: {
		"security-associations": {
			help: "End tunnels; the association of IKE above them stays",
			run: "clear-ipsec-associations",
			options: { index, family },
		},
		statistics: { help: "Counters back to zero", run: "clear-ipsec-statistics", options: { index } },
	},
};
