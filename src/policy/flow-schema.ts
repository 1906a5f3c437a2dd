/** `security flow`: how packets of sessions are handled. */
import { integer } from "#config/leaf-types.ts";
import { container, leaf } from "#config/schema.ts";

const mss = leaf(integer({ min: 64, max: 65_535, unit: "octets" }), {
	help: {
		what: "Largest TCP segment, written into passing SYNs; 1350 suits Ethernet paths with an MTU of 1500",
		grows: "the chance that packets are fragmented",
	},
	bare: 1_320,
	default: 1_320,
});

export const flow = container({
	help: "How packets of sessions are handled",
	children: {
		"tcp-mss": container({
			help: "Largest TCP segment",
			children: {
				"all-tcp": container({
					help: "Of every connection",
					presence: true,
					engine: "not-yet",
					children: { mss },
				}),
				"ipsec-vpn": container({
					help: "Of connections that enter an IPsec tunnel; goes before all-tcp",
					presence: true,
					children: { mss },
				}),
			},
		}),
	},
});
