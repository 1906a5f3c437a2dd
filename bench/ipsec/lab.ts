/**
 * Two gateways with a network behind each, every host in a network namespace of its own; all of it goes with its owner.
 *
 *     h1 10.1.0.10 -- 10.1.0.1 g1 198.51.100.1 == 198.51.100.2 g2 10.2.0.1 -- 10.2.0.10 h2
 *
 * Where it is translated, g1 is 198.51.100.101 to the others, one to one: then ESP goes in UDP, as it always does with strongSwan's
 * kernel-libipsec.
 */
import type { Owner } from "../../test/support/gateway.ts";
import { connect, makeNamespaces, type Namespace } from "../../test/support/namespaces.ts";
import { peerPath } from "../../test/support/peers.ts";

/** The programs that must be there. */
export const labPeers = ["ip", "nft", "iperf3", "ping", "charon-systemd", "swanctl", "setpriv"];

export const addresses = {
	g1: "198.51.100.1",
	g1Translated: "198.51.100.101",
	g2: "198.51.100.2",
	h1: "10.1.0.10",
	h2: "10.2.0.10",
} as const;

export interface Lab {
	readonly h1: Namespace;
	readonly g1: Namespace;
	readonly g2: Namespace;
	readonly h2: Namespace;
}

export async function makeIpsecLab(owner: Owner, isTranslated: boolean): Promise<Lab> {
	const [h1, g1, g2, h2] = (await makeNamespaces(owner, ["h1", "g1", "g2", "h2"])) as [
		Namespace,
		Namespace,
		Namespace,
		Namespace,
	];
	const end = (namespace: Namespace, device: string, address: string) => ({
		namespace,
		device,
		addresses: [`${address}/24`],
	});
	connect(end(g1, "wan", addresses.g1), end(g2, "wan", addresses.g2));
	connect(end(h1, "lan", addresses.h1), end(g1, "lan", "10.1.0.1"));
	connect(end(h2, "lan", addresses.h2), end(g2, "lan", "10.2.0.1"));
	h1.ip("route add default via 10.1.0.1");
	h2.ip("route add default via 10.2.0.1");
	for (const router of [g1, g2]) router.sysctl({ "ipv4/ip_forward": 1, "ipv4/conf/all/rp_filter": 0 });
	if (isTranslated) {
		g1.ip(`address add ${addresses.g1Translated}/32 dev wan`);
		g1.run([peerPath("nft"), "-f", "-"], translation);
	}
	return { h1, g1, g2, h2 };
}

/** Without tracking connections: it costs next to nothing. */
const translation = `table ip translation {
	chain out { type filter hook postrouting priority 0; oifname "wan" ip saddr ${addresses.g1} ip saddr set ${addresses.g1Translated}; }
	chain in { type filter hook prerouting priority -300; iifname "wan" ip daddr ${addresses.g1Translated} ip daddr set ${addresses.g1}; }
}
`;
