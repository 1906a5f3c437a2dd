/** What an operator can do about a session that ended in a fault. */

import type { Blame } from "#base/fault.ts";
import { type FaultCode, faultTable } from "#base/fault-table.ts";

/** One sentence of advice for a fault code, also for a code of another version of the product. */
export function faultAdvice(code: string): string {
	if (!Object.hasOwn(faultTable, code)) return "This version does not know the code; look in the reference of faults.";
	return byCode[code as FaultCode] ?? byBlame[faultTable[code as FaultCode].blame];
}

const speakConnect =
	"Point the client at this address as an HTTP proxy for https; it must send CONNECT host:port and nothing else.";

const byCode: Partial<Readonly<Record<FaultCode, string>>> = {
	PROXY_REQUEST_MALFORMED: speakConnect,
	PROXY_METHOD_REFUSED: speakConnect,
	PROXY_HEAD_TOO_LARGE: "Look for a client that sends very large cookies or headers to the proxy itself.",
	PROXY_HEAD_TIMEOUT: "If it repeats from one client, look for a broken program or a slow-request attack there.",
	PROXY_LOOP_REFUSED:
		"The client asked the gateway to connect to itself; correct the client's address or proxy setting.",
	PROXY_TARGET_REFUSED:
		"The client asked for an address of this host; permit-local-targets on the listener allows that, with the risk its help tells.",
	PROXY_OVERLOADED: "Add cores or memory and raise the session limit, or look for one client that opens too many.",
	SOCKS_VERSION_REFUSED: "Set the client to SOCKS5, with names resolved by the proxy (socks5h).",
	SOCKS_METHODS_DO_NOT_MATCH: "Give the client a user and a password, or take the demand for them from the listener.",
	SOCKS_AUTHENTICATION_FAILED:
		"Correct user and password of the client; after several wrong ones it is held for a while. If nobody knows it, somebody is guessing.",
	PROXY_AUTHENTICATION_REQUIRED:
		"Give the client a user and a password of the listener's authentication; if wrong ones repeat, somebody is guessing.",
	SOCKS_COMMAND_REFUSED: "The client wants to be connected to, or to send UDP; the proxy makes TCP connections only.",
	CLIENT_HELLO_TIMEOUT: "The client opened the tunnel and stayed silent; look for health checks or a stalled client.",
	CLIENT_NOT_TLS: "If this traffic is wanted, add a rule that bypasses this host or port.",
	CLIENT_HANDSHAKE_FAILED: "Compare the versions and suites that the client offers with those of the profile.",
	CLIENT_ECH_NOT_ACCEPTED: "Nothing is to be done: the client's next connection names its server.",
	CLIENT_REFUSED_OWN_CERTIFICATE:
		"See that the certificate has not ended, bears the name that clients ask for, was loaded with the certificates above it, and that clients trust who issued it.",
	CLIENT_DOES_NOT_TRUST_CA:
		"Install the trusted CA's certificate on the client; if the application pins its certificate, add the host to the never-decrypt list.",
	CLIENT_REFUSED_UNTRUSTED_SERVER:
		"The client was warned as it should be. If the server is right and its CA is private, load it into a CA profile (request security pki ca-certificate load ca-profile NAME filename FILE); otherwise the server's owner must correct the certificate.",
	SERVER_NAME_UNRESOLVED: "Resolve the name on the gateway; correct its DNS settings or the name that the client uses.",
	SERVER_UNREACHABLE: "Connect to the server from the gateway; look at routes, firewalls and whether the server runs.",
	SERVER_CONNECT_TIMEOUT: "Look for a firewall between the gateway and the server that drops without an answer.",
	SERVER_HANDSHAKE_FAILED: "Try openssl s_client from the gateway; an old server may need a rule that bypasses it.",
	SERVER_CERTIFICATE_INVALID:
		"If the server is right and its CA is private, add that CA to trusted-ca; otherwise the server's owner must correct the certificate.",
	SERVER_CERTIFICATE_REVOKED:
		"Do not bypass it: its authority says that the certificate must not be used. The server's owner must replace it.",
	SERVER_STATUS_REFUSED:
		"The server's owner must have the certificate issued again, or staple as it demands; do not bypass it unless it is known.",
	SERVER_STATUS_UNAVAILABLE:
		"See that the gateway reaches the responders and lists that certificates name, or load the list: request security pki crl load.",
	SERVER_CERTIFICATE_MALFORMED: "The server's owner must replace the certificate; bypass the host only if it is known.",
	SERVER_WANTS_CLIENT_CERTIFICATE:
		"The gateway cannot answer with the client's key; add the host to the never-decrypt list so that the client answers itself.",
	CERTIFICATE_SIGNING_FAILED:
		"Look at the daemon log and the events: the signing CA may have expired, or its key cannot be read.",
	HTTP_MESSAGE_MALFORMED:
		"Ambiguous messages are refused because both ends may read them differently; the sender must be corrected.",
	HTTP_HEAD_TOO_LARGE: "Look for very large cookies or headers; the application must send less.",
	HTTP_MESSAGE_TRUNCATED: "The sender closed before its message was whole; look at that side's own log.",
	CONTENT_ENCODING_MALFORMED: "The body does not match its Content-Encoding; the server must be corrected.",
	CONTENT_TOO_LARGE_DECODED:
		"A small body that grows this much may be an attack; raise the cap only for known servers.",
	MAIL_STARTTLS_INJECTION:
		"Look who is on the way between the two; a client or server that does this itself must be corrected.",
	MAIL_STARTTLS_MISSING:
		"Ask the server from another place whether it offers STARTTLS; if it does, somebody on the way takes it out.",
	MAIL_CLEAR_REFUSED: "Set the client to STARTTLS, or better to the port where TLS comes first (465, 993, 995).",
	SESSION_IDLE_TIMEOUT:
		"Normal for clients that keep connections open; raise the idle time if it breaks an application.",
	INTERNAL: "Report it with this record and the lines of the daemon log of that moment.",
};

const byBlame: Readonly<Record<Blame, string>> = {
	"peer-malformed": "The peer sent what its protocol does not allow; correct the peer, or bypass it if it is known.",
	"peer-misbehaved": "The peer broke a limit; if it repeats from one address, look for a fault or an attack there.",
	"peer-incompatible": "The peer and the gateway have no way in common; adapt the profile, or bypass the host.",
	"peer-untrusted": "The peer could not prove who it is; do not bypass it unless it is known.",
	"peer-refused": "The peer ended it; look at the peer's own log.",
	operator: "Correct the configuration as the reason says.",
	environment: "Look at the network, the disk and the limits of the machine.",
	bug: "Report it with this record and the lines of the daemon log of that moment.",
};
