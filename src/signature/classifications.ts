/** Classes of rules (`classtype`) with their severity, as rule sets for Suricata use them. */

export interface Classification {
	readonly description: string;
	/** 1 is the most severe. */
	readonly priority: number;
}

function rows(priority: number, entries: Readonly<Record<string, string>>): [string, Classification][] {
	return Object.entries(entries).map(([name, description]) => [name, { description, priority }]);
}

export const classifications: ReadonlyMap<string, Classification> = new Map([
	...rows(1, {
		"attempted-user": "Attempted User Privilege Gain",
		"unsuccessful-user": "Unsuccessful User Privilege Gain",
		"successful-user": "Successful User Privilege Gain",
		"attempted-admin": "Attempted Administrator Privilege Gain",
		"successful-admin": "Successful Administrator Privilege Gain",
		"shellcode-detect": "Executable code was detected",
		"trojan-activity": "A Network Trojan was detected",
		"web-application-attack": "Web Application Attack",
		"inappropriate-content": "Inappropriate Content was Detected",
		"policy-violation": "Potential Corporate Privacy Violation",
		"file-format": "Known malicious file or file based exploit",
		"malware-cnc": "Known malware command and control traffic",
		"client-side-exploit": "Known client side exploit attempt",
		"domain-c2": "Domain Observed Used for C2 Detected",
		"targeted-activity": "Targeted Malicious Activity was Detected",
		"exploit-kit": "Exploit Kit Activity Detected",
		"external-ip-check": "Device Retrieving External IP Address Detected",
		"command-and-control": "Malware Command and Control Activity Detected",
		"credential-theft": "Successful Credential Theft Detected",
		"coin-mining": "Crypto Currency Mining Activity Detected",
		"pup-activity": "Possibly Unwanted Program Detected",
		"social-engineering": "Possible Social Engineering Attempted",
	}),
	...rows(2, {
		"bad-unknown": "Potentially Bad Traffic",
		"attempted-recon": "Attempted Information Leak",
		"successful-recon-limited": "Information Leak",
		"successful-recon-largescale": "Large Scale Information Leak",
		"attempted-dos": "Attempted Denial of Service",
		"successful-dos": "Denial of Service",
		"rpc-portmap-decode": "Decode of an RPC Query",
		"suspicious-filename-detect": "A suspicious filename was detected",
		"suspicious-login": "An attempted login using a suspicious username was detected",
		"system-call-detect": "A system call was detected",
		"unusual-client-port-connection": "A client was using an unusual port",
		"denial-of-service": "Detection of a Denial of Service Attack",
		"non-standard-protocol": "Detection of a non-standard protocol or event",
		"web-application-activity": "access to a potentially vulnerable web application",
		"misc-attack": "Misc Attack",
		"default-login-attempt": "Attempt to login by a default username and password",
		sdf: "Sensitive Data was Transmitted Across the Network",
	}),
	...rows(3, {
		"not-suspicious": "Not Suspicious Traffic",
		unknown: "Unknown Traffic",
		"string-detect": "A suspicious string was detected",
		"network-scan": "Detection of a Network Scan",
		"protocol-command-decode": "Generic Protocol Command Decode",
		"misc-activity": "Misc activity",
		"icmp-event": "Generic ICMP event",
		"tcp-connection": "A TCP connection was detected",
	}),
]);
