/** The applications that are there without being configured, by the names Junos gives them. */
import type { PortRange } from "#policy/application-types.ts";

/** One way in which an application travels. Without ports: all of the protocol. */
export interface PredefinedTerm {
	readonly protocol: "tcp" | "udp" | "icmp" | "icmp6" | "gre" | "ospf" | "sctp";
	readonly ports?: PortRange;
	readonly icmpType?: number;
}

type Row = readonly [name: string, ...terms: string[]];

/** `tcp 80`, `udp 6970-7170`, `icmp type 8`, `gre`. */
const rows: readonly Row[] = [
	["junos-aol", "tcp 5190-5193"],
	["junos-bgp", "tcp 179"],
	["junos-biff", "udp 512"],
	["junos-bootpc", "udp 68"],
	["junos-bootps", "udp 67"],
	["junos-chargen", "udp 19"],
	["junos-cifs", "tcp 139", "tcp 445"],
	["junos-cvspserver", "tcp 2401"],
	["junos-dhcp-client", "udp 68"],
	["junos-dhcp-relay", "udp 67"],
	["junos-dhcp-server", "udp 67"],
	["junos-discard", "udp 9"],
	["junos-dns-tcp", "tcp 53"],
	["junos-dns-udp", "udp 53"],
	["junos-echo", "udp 7"],
	["junos-finger", "tcp 79"],
	["junos-ftp", "tcp 21"],
	["junos-gnutella", "udp 6346-6347"],
	["junos-gopher", "tcp 70"],
	["junos-gprs-gtp-c", "udp 2123"],
	["junos-gprs-gtp-u", "udp 2152"],
	["junos-gprs-gtp-v0", "udp 3386"],
	["junos-gprs-sctp", "sctp"],
	["junos-gre", "gre"],
	["junos-h323", "tcp 1720", "udp 1719", "tcp 1503", "tcp 389", "tcp 522", "tcp 1731"],
	["junos-http", "tcp 80"],
	["junos-http-ext", "tcp 7001"],
	["junos-https", "tcp 443"],
	["junos-icmp-all", "icmp"],
	["junos-icmp-ping", "icmp type 8"],
	["junos-icmp6-all", "icmp6"],
	["junos-icmp6-echo-request", "icmp6 type 128"],
	["junos-icmp6-echo-reply", "icmp6 type 129"],
	["junos-ident", "tcp 113"],
	["junos-ike", "udp 500"],
	["junos-ike-nat", "udp 4500"],
	["junos-imap", "tcp 143"],
	["junos-imaps", "tcp 993"],
	["junos-internet-locator-service", "tcp 389", "tcp 522", "tcp 636"],
	["junos-irc", "tcp 6660-6669"],
	["junos-l2tp", "udp 1701"],
	["junos-ldap", "tcp 389"],
	["junos-ldaps", "tcp 636"],
	["junos-ldp-tcp", "tcp 646"],
	["junos-ldp-udp", "udp 646"],
	["junos-lpr", "tcp 515"],
	["junos-mail", "tcp 25"],
	["junos-mgcp-ca", "udp 2727"],
	["junos-mgcp-ua", "udp 2427"],
	["junos-ms-rpc-epm", "tcp 135", "udp 135"],
	["junos-ms-sql", "tcp 1433"],
	["junos-msn", "tcp 1863"],
	["junos-nbds", "udp 138"],
	["junos-nbname", "udp 137"],
	["junos-netbios-session", "tcp 139"],
	["junos-nfsd-tcp", "tcp 2049"],
	["junos-nfsd-udp", "udp 2049"],
	["junos-nntp", "tcp 119"],
	["junos-ns-global", "tcp 15397"],
	["junos-nsm", "udp 69"],
	["junos-ntalk", "udp 518"],
	["junos-ntp", "udp 123"],
	["junos-ospf", "ospf"],
	["junos-pc-anywhere", "udp 5632"],
	["junos-ping", "icmp"],
	["junos-pingv6", "icmp6"],
	["junos-pop3", "tcp 110"],
	["junos-pop3s", "tcp 995"],
	["junos-pptp", "tcp 1723"],
	["junos-printer", "tcp 515"],
	["junos-r2cp", "udp 28672"],
	["junos-radacct", "udp 1813"],
	["junos-radius", "udp 1812"],
	["junos-realaudio", "tcp 554"],
	["junos-rip", "udp 520"],
	["junos-rsh", "tcp 514"],
	["junos-rtsp", "tcp 554"],
	["junos-sccp", "tcp 2000"],
	["junos-sctp-any", "sctp"],
	["junos-sip", "udp 5060", "tcp 5060"],
	["junos-smb", "tcp 139", "tcp 445"],
	["junos-smb-session", "tcp 445"],
	["junos-smtp", "tcp 25"],
	["junos-smtps", "tcp 465"],
	["junos-snmp-agentx", "tcp 705"],
	["junos-snpp", "tcp 444"],
	["junos-sql-monitor", "udp 1434"],
	["junos-sqlnet-v1", "tcp 1525"],
	["junos-sqlnet-v2", "tcp 1521"],
	["junos-ssh", "tcp 22"],
	["junos-stun", "udp 3478-3479", "tcp 3478-3479"],
	["junos-sun-rpc-tcp", "tcp 111"],
	["junos-sun-rpc-udp", "udp 111"],
	["junos-syslog", "udp 514"],
	["junos-tacacs", "tcp 49"],
	["junos-tacacs-ds", "tcp 65"],
	["junos-talk", "udp 517"],
	["junos-tcp-any", "tcp"],
	["junos-telnet", "tcp 23"],
	["junos-tftp", "udp 69"],
	["junos-udp-any", "udp"],
	["junos-uucp", "udp 540"],
	["junos-vdo-live", "udp 7000-7010"],
	["junos-vnc", "tcp 5800", "tcp 5900"],
	["junos-wais", "tcp 210"],
	["junos-who", "udp 513"],
	["junos-whois", "tcp 43"],
	["junos-winframe", "tcp 1494"],
	["junos-wxcontrol", "tcp 3578"],
	["junos-x-windows", "tcp 6000-6063"],
	["junos-xnm-clear-text", "tcp 3221"],
	["junos-xnm-ssl", "tcp 3220"],
	["junos-ymsg", "tcp 5000-5010", "tcp 5050"],
];

export const predefinedApplications: ReadonlyMap<string, readonly PredefinedTerm[]> = new Map(
	rows.map(([name, ...terms]) => [name, terms.map(readTerm)]),
);

/** The words of the row, for the help of completion. */
export const predefinedApplicationHelp: Readonly<Record<string, string>> = Object.fromEntries(
	rows.map(([name, ...terms]) => [name, terms.join(", ").toUpperCase()]),
);

function readTerm(text: string): PredefinedTerm {
	const match = /^([a-z0-9]+)(?: type ([0-9]+)| ([0-9]+)(?:-([0-9]+))?)?$/.exec(text);
	const [, protocol, icmpType, from, to = from] = match ?? [];
	return {
		protocol: protocol as PredefinedTerm["protocol"],
		...(icmpType === undefined ? {} : { icmpType: Number(icmpType) }),
		...(from === undefined ? {} : { ports: { from: Number(from), to: Number(to) } }),
	};
}
