/** Leaf types of applications: IP protocols and ports. */
import { type LeafType, parsed, refused, shown } from "#config/leaf-types.ts";

/** Ports from one to another, both included. */
export interface PortRange {
	readonly from: number;
	readonly to: number;
}

/** An IP protocol by name or number; the value is the number. The text is printed as it was entered. */
export function ipProtocol(): LeafType<number> {
	return {
		name: "ip-protocol",
		placeholder: "<protocol>",
		describes: "name of an IP protocol, or its number 0..255",
		words: protocolHelp,
		parse(typed) {
			const named = ipProtocols.get(typed);
			if (named !== undefined) return parsed(named);
			if (/^[0-9]{1,3}$/.test(typed) && Number(typed) <= 255) return parsed(Number(typed));
			return refused(`invalid value '${shown(typed)}'; expected a protocol name or a number within 0..255`);
		},
		canonical: (typed) => typed,
		format: (value) => [...ipProtocols].find(([, number]) => number === value)?.[0] ?? String(value),
	};
}

/** A port, a name of one, or a range: `443`, `https`, `8000-8999`. The text is printed as it was entered. */
export function portRange(): LeafType<PortRange> {
	return {
		name: "port-range",
		placeholder: "<port|low-high>",
		describes: "a port, the name of a port, or low-high, 0 to 65535",
		parse(typed) {
			const named = portNames.get(typed);
			if (named !== undefined) return parsed({ from: named, to: named });
			const match = /^([0-9]{1,5})(?:-([0-9]{1,5}))?$/.exec(typed);
			const from = Number(match?.[1]);
			const to = Number(match?.[2] ?? match?.[1]);
			if (match === null || to > 65_535 || from > to)
				return refused(`invalid value '${shown(typed)}' in port range: expected a port or low-high`);
			return parsed({ from, to });
		},
		canonical: (typed) => typed,
		format: ({ from, to }) => (from === to ? `${from}` : `${from}-${to}`),
	};
}

/** The numbers of IANA's protocols by their names in the configuration. */
export const ipProtocols: ReadonlyMap<string, number> = new Map([
	["tcp", 6],
	["udp", 17],
	["icmp", 1],
	["icmp6", 58],
	["ah", 51],
	["egp", 8],
	["esp", 50],
	["gre", 47],
	["igmp", 2],
	["ipip", 4],
	["node", 0],
	["ospf", 89],
	["pim", 103],
	["rsvp", 46],
	["sctp", 132],
	["vrrp", 112],
]);

const protocolHelp: Readonly<Record<string, string>> = Object.fromEntries(
	[...ipProtocols].map(([name, number]) => [name, `IP protocol ${number}`]),
);

/** The names that Junos has for ports. */
const portNames: ReadonlyMap<string, number> = new Map([
	["bgp", 179],
	["biff", 512],
	["bootpc", 68],
	["bootps", 67],
	["cmd", 514],
	["cvspserver", 2401],
	["dhcp", 67],
	["domain", 53],
	["exec", 512],
	["finger", 79],
	["ftp", 21],
	["ftp-data", 20],
	["http", 80],
	["https", 443],
	["ident", 113],
	["imap", 143],
	["kerberos-sec", 88],
	["ldap", 389],
	["ldp", 646],
	["login", 513],
	["msdp", 639],
	["netbios-dgm", 138],
	["netbios-ns", 137],
	["netbios-ssn", 139],
	["nfsd", 2049],
	["nntp", 119],
	["ntalk", 518],
	["ntp", 123],
	["pop3", 110],
	["pptp", 1723],
	["printer", 515],
	["radacct", 1813],
	["radius", 1812],
	["rip", 520],
	["smtp", 25],
	["snmp", 161],
	["snmptrap", 162],
	["snpp", 444],
	["socks", 1080],
	["ssh", 22],
	["sunrpc", 111],
	["syslog", 514],
	["tacacs", 49],
	["tacacs-ds", 65],
	["talk", 517],
	["telnet", 23],
	["tftp", 69],
	["timed", 525],
	["who", 513],
	["xdmcp", 177],
]);
