/** TLS extension code points and their names (IANA "TLS ExtensionType Values"). */

/** The extensions whose bodies the gateway reads. */
export const extensionType = {
	serverName: 0,
	statusRequest: 5,
	supportedGroups: 10,
	ecPointFormats: 11,
	signatureAlgorithms: 13,
	heartbeat: 15,
	alpn: 16,
	extendedMasterSecret: 23,
	sessionTicket: 35,
	preSharedKey: 41,
	earlyData: 42,
	supportedVersions: 43,
	cookie: 44,
	pskKeyExchangeModes: 45,
	signatureAlgorithmsCert: 50,
	keyShare: 51,
	encryptedClientHello: 0xfe0d,
	renegotiationInfo: 0xff01,
} as const;

/** The IANA name with its code point, for messages: `key_share (0x0033)`. */
export function describeExtension(type: number): string {
	const code = `0x${type.toString(16).padStart(4, "0")}`;
	const name = names.get(type);
	return name === undefined ? `extension ${code}` : `${name} (${code})`;
}

const names: ReadonlyMap<number, string> = new Map([
	[0, "server_name"],
	[1, "max_fragment_length"],
	[5, "status_request"],
	[10, "supported_groups"],
	[11, "ec_point_formats"],
	[13, "signature_algorithms"],
	[14, "use_srtp"],
	[15, "heartbeat"],
	[16, "application_layer_protocol_negotiation"],
	[17, "status_request_v2"],
	[18, "signed_certificate_timestamp"],
	[19, "client_certificate_type"],
	[20, "server_certificate_type"],
	[21, "padding"],
	[22, "encrypt_then_mac"],
	[23, "extended_master_secret"],
	[27, "compress_certificate"],
	[28, "record_size_limit"],
	[34, "delegated_credential"],
	[35, "session_ticket"],
	[41, "pre_shared_key"],
	[42, "early_data"],
	[43, "supported_versions"],
	[44, "cookie"],
	[45, "psk_key_exchange_modes"],
	[47, "certificate_authorities"],
	[49, "post_handshake_auth"],
	[50, "signature_algorithms_cert"],
	[51, "key_share"],
	[57, "quic_transport_parameters"],
	[17_513, "application_settings_old"],
	[17_613, "application_settings"],
	[0xfe0d, "encrypted_client_hello"],
	[0xff01, "renegotiation_info"],
]);
