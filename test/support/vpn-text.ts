/** Configuration text of a VPN in parts, for the tests of what a commit says about VPNs. */

interface Parts {
	readonly proposal?: string;
	readonly policy?: string;
	readonly gateway?: string;
	readonly ipsecProposal?: string;
	readonly ipsecPolicy?: string;
	readonly vpn?: string;
	/** More statements under `security`, and beside it. */
	readonly security?: string;
	readonly top?: string;
	/** Statements of `interfaces` besides the external one. */
	readonly interfaces?: string;
}

/** A route-based VPN in which nothing is wrong; each part can be replaced. */
export function vpnText(parts: Parts = {}): string {
	const {
		proposal = "authentication-algorithm sha-256; encryption-algorithm aes-256-cbc; dh-group group14;",
		policy = "proposals p; pre-shared-key ascii-text secret;",
		gateway = "address 192.0.2.1;",
		ipsecProposal = "authentication-algorithm hmac-sha-256-128; encryption-algorithm aes-256-cbc;",
		ipsecPolicy = "proposals p;",
		vpn = "bind-interface st0.0; ike { gateway g; ipsec-policy p; }",
	} = parts;
	return `
security {
	ike {
		proposal p { ${proposal} }
		policy p { ${policy} }
		gateway g { ike-policy p; external-interface eth0.0; ${gateway} }
	}
	ipsec {
		proposal p { ${ipsecProposal} }
		policy p { ${ipsecPolicy} }
		vpn v { ${vpn} }
	}
	${parts.security ?? ""}
}
interfaces {
	eth0 { unit 0 { family inet { address 198.51.100.1/24; } } }
	${parts.interfaces ?? "st0 { unit 0 { family inet { address 10.255.0.1/30; } } }"}
}
${parts.top ?? ""}
`;
}
