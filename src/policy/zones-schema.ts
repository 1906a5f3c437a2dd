/** `security zones`: which interfaces belong together, and what this gateway itself answers there. */
import { error, type Finding } from "#config/finding.ts";
import { enumeration, name, text } from "#config/leaf-types.ts";
import { interfaceName } from "#config/network-types.ts";
import { container, flag, leaf, list, type Snapshot } from "#config/schema.ts";
import { bookEntries, verifyBook } from "#policy/address-book-schema.ts";

const services = {
	all: "Every service that is configured",
	"any-service": "Every port",
	bootp: "BOOTP and DHCP relay",
	dhcp: "DHCP",
	dhcpv6: "DHCPv6",
	dns: "DNS",
	finger: "Finger",
	ftp: "FTP",
	http: "Web management in clear",
	https: "Web management",
	"ident-reset": "Answer IDENT with a reset",
	ike: "IKE",
	lsping: "Label-switched path ping",
	netconf: "NETCONF",
	ntp: "NTP",
	ping: "ICMP echo",
	r2cp: "Radio-router control",
	"reverse-ssh": "Reverse SSH",
	"reverse-telnet": "Reverse telnet",
	rlogin: "rlogin",
	rpm: "Real-time performance monitoring",
	rsh: "rsh",
	snmp: "SNMP",
	"snmp-trap": "SNMP traps",
	ssh: "SSH",
	"tcp-encap": "IPsec in TCP",
	telnet: "Telnet",
	tftp: "TFTP",
	traceroute: "Traceroute",
	"xnm-clear-text": "Junos XML protocol in clear",
	"xnm-ssl": "Junos XML protocol",
};

const protocols = {
	all: "Every protocol",
	bfd: "BFD",
	bgp: "BGP",
	dvmrp: "DVMRP",
	igmp: "IGMP",
	ldp: "LDP",
	msdp: "MSDP",
	ndp: "Neighbour discovery",
	nhrp: "NHRP",
	ospf: "OSPF",
	ospf3: "OSPFv3",
	pgm: "PGM",
	pim: "PIM",
	rip: "RIP",
	ripng: "RIPng",
	"router-discovery": "Router discovery",
	rsvp: "RSVP",
	sap: "SAP",
	vrrp: "VRRP",
};

const except = flag({ help: "Not this one, when 'all' is there too" });

const hostInboundTraffic = container({
	engine: "not-yet",
	help: "What this gateway itself answers here; nothing when absent",
	children: {
		"system-services": container({
			help: "Services",
			children: {
				service: list({
					help: {
						what: "A service",
						loosened: "danger: all and any-service open every port of this gateway to everybody in the zone",
					},
					unnamed: true,
					order: "user",
					keys: { name: enumeration(services) },
					children: { except },
				}),
			},
		}),
		protocols: container({
			help: "Routing protocols",
			children: {
				protocol: list({
					help: "A protocol",
					unnamed: true,
					order: "user",
					keys: { name: enumeration(protocols) },
					children: { except },
				}),
			},
		}),
	},
});

const interfaces = container({
	help: "The logical interfaces of the zone",
	children: {
		interface: list({
			help: "A logical interface; each belongs to one zone",
			unnamed: true,
			order: "user",
			keys: { name: interfaceName("required") },
			children: { "host-inbound-traffic": hostInboundTraffic },
		}),
	},
});

const screen = leaf(name({ placeholder: "screen-name" }), {
	help: "Checks of packets before policies",
	commitWarning: "screens are not offered; packets are not checked by this one",
});

export const zones = container({
	help: "Zones",
	children: {
		"functional-zone": container({
			help: "Zones for a purpose",
			engine: "not-yet",
			layout: "prefix",
			children: {
				management: container({
					help: "Interfaces for management, which forward nothing",
					presence: true,
					children: {
						description: leaf(text({ max: 900 }), { help: "Text" }),
						screen,
						"host-inbound-traffic": hostInboundTraffic,
						interfaces,
					},
				}),
			},
		}),
		"security-zone": list({
			help: "A zone",
			order: "user",
			keys: { name: name({ placeholder: "zone-name" }) },
			children: {
				description: leaf(text({ max: 900 }), { help: "Text" }),
				"tcp-rst": flag({ help: "Answer what belongs to no session with a TCP reset", engine: "not-yet" }),
				"address-book": container({
					help: "Names for addresses of this zone; cannot stand beside 'security address-book'",
					deprecated: "use 'security address-book NAME attach zone ZONE'",
					children: bookEntries,
				}),
				screen,
				"host-inbound-traffic": hostInboundTraffic,
				interfaces,
				"application-tracking": flag({ help: "Count and log applications of this zone", engine: "not-yet" }),
			},
		}),
	},
});

/** A checked `security zones`. */
export type Zones = Snapshot<typeof zones>;

/** What a commit says about zones. */
export function verifyZones({ securityZone, functionalZone }: Zones): readonly Finding[] {
	const findings: Finding[] = [];
	const zoneOf = new Map<string, string>();
	const claim = (path: readonly string[], zone: string, names: Iterable<string>): void => {
		for (const interfaceKey of names) {
			const other = zoneOf.get(interfaceKey);
			if (other === undefined) zoneOf.set(interfaceKey, zone);
			else findings.push(error([...path, "interfaces"], interfaceKey, `is in zone ${other} already`));
		}
	};
	const management = functionalZone.management?.interfaces.interface.keys() ?? [];
	claim(["security", "zones", "functional-zone", "management"], "management", management);
	for (const [zone, { interfaces: own, addressBook }] of securityZone) {
		const path = ["security", "zones", "security-zone", zone];
		claim(path, zone, own.interface.keys());
		findings.push(...verifyBook([...path, "address-book"], addressBook));
	}
	return findings;
}
