/** Statements of one VPN and those of its peer, for the tests of its kinds. */

/** A VPN to strongSwan as its user writes it, without the key; `method` of authentication. */
export const statements = (method = "pre-shared-keys") => [
	"set interfaces lan unit 0 family inet address 10.10.10.1/24",
	"set interfaces wan unit 0 family inet address 1.1.1.2/30",
	"set interfaces st0 unit 0 family inet address 10.11.11.10/24",
	"set routing-options static route 192.168.168.0/24 next-hop st0.0",
	`set security ike proposal p authentication-method ${method} authentication-algorithm sha-256`,
	"set security ike proposal p encryption-algorithm aes-256-gcm dh-group group19",
	"set security ike policy p proposals p",
	"set security ike gateway peer ike-policy p external-interface wan.0 address 2.2.2.2 version v2-only",
	"set security ipsec proposal p encryption-algorithm aes-256-gcm",
	"set security ipsec policy p proposals p",
	"set security ipsec vpn peer bind-interface st0.0 ike gateway peer",
	"set security ipsec vpn peer ike ipsec-policy p",
];

export interface SwanParts {
	readonly auth?: string;
	readonly own?: string;
	readonly peer?: string;
	readonly local?: string;
	readonly remote?: string;
	readonly addresses?: readonly [string, string];
}

/** The same seen by strongSwan, the key among it. */
export const swan = ({ auth = "psk", own = "2.2.2.2", peer = "1.1.1.2", ...more }: SwanParts = {}) => `connections { t {
  version = 2
  local_addrs = ${more.addresses?.[0] ?? "2.2.2.2"}
  remote_addrs = ${more.addresses?.[1] ?? "1.1.1.2"}
  proposals = aes256gcm16-prfsha256-ecp256
  local { auth = ${auth}
    ${auth === "pubkey" ? "certs = peer.pem" : ""}
    id = ${own} }
  remote { auth = ${auth}
    id = ${peer} }
  children { c { local_ts = ${more.local ?? "0.0.0.0/0"}
    remote_ts = ${more.remote ?? "0.0.0.0/0"}
    esp_proposals = aes256gcm16 } } } }
secrets { ike-1 { secret = "a secret of both" } }
`;
