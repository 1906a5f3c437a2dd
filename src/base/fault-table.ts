/**
 * Every fault the product can report: one row each. The reference page is generated from this table.
 *
 * `tls` is the alert sent to the client, `http` the status where an HTTP answer is still possible, `socks` the reply code where a
 * SOCKS5 answer is.
 */
import type { Blame } from "#base/fault.ts";

interface FaultRow {
	readonly blame: Blame;
	readonly says: string;
	/** TLS alert description (RFC 8446 §6) sent to the client, where a TLS answer is possible. */
	readonly tls?: number;
	/** HTTP status sent to the client, where an HTTP answer is possible. */
	readonly http?: number;
	/** Reply code (RFC 1928 §6) sent to the client, where a SOCKS5 answer is possible. */
	readonly socks?: number;
}

const rows = {
	PROXY_REQUEST_MALFORMED: { blame: "peer-malformed", http: 400, says: "the request to the proxy is not HTTP/1.1" },
	PROXY_METHOD_REFUSED: {
		blame: "peer-incompatible",
		http: 405,
		says: "the proxy was asked for something other than CONNECT",
	},
	PROXY_SCHEME_REFUSED: {
		blame: "peer-incompatible",
		http: 501,
		says: "the proxy was asked in clear text for another scheme than http",
	},
	PROXY_HEAD_TOO_LARGE: {
		blame: "peer-misbehaved",
		http: 431,
		says: "the request head is larger than the proxy accepts",
	},
	PROXY_PROTOCOL_REFUSED: {
		blame: "peer-incompatible",
		http: 405,
		socks: 1,
		says: "the listener does not speak the client's way of asking a proxy",
	},
	PROXY_HEAD_TIMEOUT: {
		blame: "peer-misbehaved",
		http: 408,
		socks: 1,
		says: "the request head did not arrive in time",
	},
	PROXY_LOOP_REFUSED: {
		blame: "peer-misbehaved",
		http: 403,
		tls: 49,
		socks: 2,
		says: "the target is the gateway itself",
	},
	PROXY_TARGET_REFUSED: {
		blame: "peer-misbehaved",
		http: 403,
		tls: 49,
		socks: 2,
		says: "the target is on the gateway's own host",
	},
	PROXY_OVERLOADED: { blame: "environment", http: 503, socks: 1, says: "the worker holds as many sessions as it may" },
	SOCKS_REQUEST_MALFORMED: { blame: "peer-malformed", socks: 1, says: "the request to the proxy is not SOCKS5" },
	SOCKS_VERSION_REFUSED: { blame: "peer-incompatible", says: "the proxy was asked in SOCKS4" },
	SOCKS_METHODS_DO_NOT_MATCH: {
		blame: "peer-incompatible",
		says: "the client offers no way to say who it is that the listener accepts",
	},
	SOCKS_AUTHENTICATION_FAILED: { blame: "peer-untrusted", says: "the user or the password of the client is wrong" },
	SOCKS_COMMAND_REFUSED: {
		blame: "peer-incompatible",
		socks: 7,
		says: "the proxy was asked in SOCKS5 for something other than CONNECT",
	},
	SOCKS_ADDRESS_TYPE_REFUSED: {
		blame: "peer-incompatible",
		socks: 8,
		says: "the target in a SOCKS5 request is neither an address nor a name",
	},
	PROXY_AUTHENTICATION_REQUIRED: {
		blame: "peer-untrusted",
		http: 407,
		says: "the client of the proxy does not say who it is, or is not believed",
	},
	PROXY_HEADER_MALFORMED: { blame: "peer-malformed", says: "the proxy in front sent no valid PROXY header" },
	CLIENT_CERTIFICATE_REFUSED: { blame: "peer-untrusted", tls: 46, says: "the client's certificate was refused" },
	CLIENT_HELLO_TIMEOUT: { blame: "peer-misbehaved", tls: 40, says: "the ClientHello did not arrive in time" },
	CLIENT_HELLO_MALFORMED: { blame: "peer-malformed", tls: 50, says: "the first octets are not a valid ClientHello" },
	CLIENT_ADDRESS_UNPROVEN: {
		blame: "peer-misbehaved",
		says: "a client of a datagram listener did not return its server's cookie",
	},
	CLIENT_NAME_MISSING: { blame: "peer-incompatible", tls: 112, says: "the ClientHello names no server" },
	CLIENT_HELLO_TOO_LARGE: { blame: "peer-misbehaved", tls: 50, says: "the ClientHello is larger than 64 KB" },
	CLIENT_NOT_TLS: { blame: "peer-incompatible", says: "the client does not speak TLS inside the tunnel" },
	CLIENT_HANDSHAKE_FAILED: { blame: "peer-incompatible", says: "the TLS handshake with the client failed" },
	CLIENT_ECH_NOT_ACCEPTED: {
		blame: "peer-refused",
		says: "the client hid the name of its server (Encrypted ClientHello) and was answered under the name in clear",
	},
	CLIENT_REFUSED_OWN_CERTIFICATE: {
		blame: "peer-refused",
		says: "the client refused the certificate that the listener stands for its server with",
	},
	CLIENT_DOES_NOT_TRUST_CA: {
		blame: "peer-refused",
		says: "the client refused the certificate that was minted for it",
	},
	TLS_VERSIONS_DO_NOT_MATCH: {
		blame: "peer-incompatible",
		tls: 70,
		says: "the client offers no TLS version that the profile allows",
	},
	TLS_CIPHERS_DO_NOT_MATCH: {
		blame: "peer-incompatible",
		tls: 40,
		says: "the client offers no cipher suite that the profile allows",
	},
	TLS_OPTIONS_NOT_SUPPORTED: {
		blame: "peer-incompatible",
		tls: 40,
		says: "the client offers no group or signature scheme that the profile allows",
	},
	CLIENT_REFUSED_UNTRUSTED_SERVER: {
		blame: "peer-untrusted",
		says: "the client did not go on to a server whose certificate is not trusted",
	},
	SERVER_NAME_UNRESOLVED: {
		blame: "environment",
		http: 502,
		tls: 80,
		socks: 4,
		says: "the server's name has no address",
	},
	SERVER_UNREACHABLE: { blame: "environment", http: 502, tls: 80, socks: 4, says: "the server could not be reached" },
	SERVER_CONNECT_TIMEOUT: {
		blame: "environment",
		http: 504,
		tls: 80,
		socks: 4,
		says: "the server did not answer in time",
	},
	SERVER_HANDSHAKE_FAILED: {
		blame: "peer-incompatible",
		http: 502,
		tls: 40,
		says: "the TLS handshake with the server failed",
	},
	SERVER_CERTIFICATE_INVALID: { blame: "peer-untrusted", tls: 48, says: "the server's certificate was refused" },
	SERVER_CERTIFICATE_REVOKED: { blame: "peer-untrusted", tls: 44, says: "the server's certificate was revoked" },
	SERVER_STATUS_REFUSED: {
		blame: "peer-untrusted",
		tls: 113,
		says: "nobody vouches that the server's certificate was not revoked, although somebody must",
	},
	SERVER_STATUS_UNAVAILABLE: {
		blame: "environment",
		tls: 46,
		says: "it could not be found out whether the server's certificate was revoked, and the profile insists",
	},
	SERVER_CERTIFICATE_MALFORMED: { blame: "peer-malformed", tls: 42, says: "the server's certificate cannot be read" },
	SERVER_WANTS_CLIENT_CERTIFICATE: {
		blame: "peer-incompatible",
		tls: 40,
		says: "the server asks for a client certificate",
	},
	CERTIFICATE_SIGNING_FAILED: { blame: "environment", tls: 80, says: "no certificate could be signed for the client" },
	HTTP_MESSAGE_MALFORMED: { blame: "peer-malformed", http: 400, says: "an HTTP message is malformed or ambiguous" },
	HTTP_HEAD_TOO_LARGE: { blame: "peer-misbehaved", http: 431, says: "an HTTP head is larger than the gateway accepts" },
	HTTP_MESSAGE_TRUNCATED: {
		blame: "peer-misbehaved",
		http: 502,
		says: "a connection ended in the middle of an HTTP message",
	},
	HTTP2_MALFORMED: { blame: "peer-malformed", says: "a peer broke the rules of an HTTP/2 connection" },
	HTTP2_FLOOD: {
		blame: "peer-misbehaved",
		says: "a peer of an HTTP/2 connection asks for more work than it does: resets, pings, settings, large fields",
	},
	WEBSOCKET_MALFORMED: {
		blame: "peer-malformed",
		http: 502,
		says: "a peer broke the rules of a WebSocket, or of its opening",
	},
	CONTENT_ENCODING_MALFORMED: { blame: "peer-malformed", says: "a compressed body cannot be decoded for inspection" },
	CONTENT_TOO_LARGE_DECODED: { blame: "peer-misbehaved", says: "a compressed body grows beyond the decoded-size cap" },
	MAIL_LINE_MALFORMED: { blame: "peer-malformed", says: "a line of a mail protocol is malformed or too long" },
	MAIL_REPLY_UNASKED: {
		blame: "peer-misbehaved",
		says: "a mail server said something before TLS that nobody had asked for",
	},
	MAIL_STARTTLS_INJECTION: {
		blame: "peer-misbehaved",
		says: "octets came between the request for TLS and its handshake; somebody on the way may have put them there",
	},
	MAIL_STARTTLS_MISSING: {
		blame: "peer-incompatible",
		says: "a mail server offers no TLS although it is demanded; somebody on the way may have taken the offer away",
	},
	MAIL_CLEAR_REFUSED: {
		blame: "peer-incompatible",
		says: "a mail client wanted to log in or to send without TLS although it is demanded",
	},
	SESSION_IDLE_TIMEOUT: { blame: "peer-misbehaved", says: "neither side sent anything for the idle time" },
	CONFIG_SYNTAX: { blame: "operator", says: "the configuration text cannot be parsed" },
	CONFIG_INVALID: { blame: "operator", says: "the configuration is well-formed but wrong" },
	STATE_DIRECTORY_UNUSABLE: { blame: "environment", says: "the state directory cannot be used" },
	ADDRESS_IN_USE: { blame: "environment", says: "a configured address is already in use" },
	ADDRESS_UNUSABLE: { blame: "environment", says: "a configured address cannot be listened at" },
	PACKET_FILTER_UNAVAILABLE: {
		blame: "environment",
		says: "the packet filter of Linux cannot be changed: a program or a privilege is missing",
	},
	PACKET_FILTER_REFUSED: { blame: "environment", says: "the packet filter of Linux refused what it was told" },
	ALREADY_RUNNING: { blame: "operator", says: "another gateway uses the state directory" },
	RUNTIME_TOO_OLD: { blame: "environment", says: "the Node version is below the floor" },
	KEY_STORE_BROKEN: { blame: "environment", says: "a stored key or certificate cannot be read" },
	INTERNAL: { blame: "bug", tls: 80, http: 500, socks: 1, says: "an internal error" },
} as const satisfies Record<string, FaultRow>;

export type FaultCode = keyof typeof rows;

/** The table by code. */
export const faultTable: Readonly<Record<FaultCode, FaultRow>> = rows;
