/** What an error of a TLS leg means: whose fault it is and what to do, from the alert that the peer sent if it sent one. */
import { type Fault, fault } from "#base/fault.ts";
import { peerAlertOf, peerClosedHandshake } from "#tls/alert.ts";

/**
 * The handshake with the client failed, or the client sent a fatal alert right behind it. `whyUntrusted` says why the
 * server is not trusted, when the leaf was signed by the untrusted CA; `ownCertificate` is the id of the certificate that
 * the client was shown, when none was minted.
 */
export function clientHandshakeFault(
	client: string,
	serverName: string,
	error: Error,
	whyUntrusted?: string | undefined,
	ownCertificate?: string | undefined,
): Fault {
	const alert = peerAlertOf(error);
	if (alert?.alert.name === "ech_required") return echNotAccepted(client, serverName);
	if (whyUntrusted !== undefined) {
		const message = `client ${client} was warned and did not go on to ${serverName}; the server is not trusted: ${whyUntrusted}`;
		return fault("CLIENT_REFUSED_UNTRUSTED_SERVER", message, { cause: error.message.trim() });
	}
	if (alert?.peerRefusedCertificate === true) {
		return ownCertificate === undefined
			? certificateRefused(client, serverName, alert.alert.name)
			: ownCertificateRefused(client, serverName, alert.alert.name, ownCertificate);
	}
	const got = alert === undefined ? error.message.trim() : `alert ${alert.alert.name}`;
	const distrusted = ownCertificate === undefined ? "the gateway's CA" : `certificate "${ownCertificate}"`;
	const message = `client ${client} did not complete the TLS handshake for ${serverName}: ${got}; a client that closes here often does not trust ${distrusted}`;
	return fault("CLIENT_HANDSHAKE_FAILED", message, { cause: error.message });
}

/**
 * The client did not want the certificate that was minted for it: it said so by an alert, or closed when it had seen it.
 * Ask only of a handshake that the client ended; what the gateway gave up is no refusal. `mayHide`: the client may have hidden the
 * name of its server; it closes then because it has accepted the certificate for the name in clear.
 */
export function isLeafRefusal(error: EngineError, mayHide = false): boolean {
	const alert = peerAlertOf(error);
	if (alert !== undefined) return refusalAlerts.has(alert.alert.name);
	return !mayHide && isClosedByPeer(error);
}

/** The engine does not tell of alerts that it does not know, ech_required among them: they look like a close. */
export function isClosedByPeer(error: EngineError): boolean {
	return error.message === peerClosedHandshake || error.code === "ECONNRESET";
}

/** The handshake with the server failed. */
export function serverHandshakeFault(server: string, error: Error): Fault {
	const alert = peerAlertOf(error);
	if (alert?.peerWantsCertificate === true) return clientCertificateWanted(server);
	const got = alert === undefined ? error.message.trim() : `alert ${alert.alert.name}`;
	const message = `the TLS handshake with server ${server} failed: ${got}`;
	return fault("SERVER_HANDSHAKE_FAILED", message, { cause: error.message });
}

/**
 * The fault behind an error while octets flow; undefined when it is a plain reset. TLS 1.3 servers tell only now that
 * they want a certificate, and some TLS 1.2 clients only now that they do not accept one.
 */
export function relayFault(who: "client" | "server", peer: string, error: Error): Fault | undefined {
	const alert = peerAlertOf(error);
	if (who === "server" && alert?.peerWantsCertificate === true) return clientCertificateWanted(peer);
	if (who === "client" && alert?.alert.name === "ech_required") return echNotAccepted(peer, "its server");
	if (who === "client" && alert?.peerRefusedCertificate === true) {
		return certificateRefused(peer, "its server", alert.alert.name);
	}
	return undefined;
}

/** It has accepted the certificate for the name in clear, and knows by it that the key is not in use (RFC 9849 §6.1.6). */
export function echNotAccepted(client: string, serverName: string): Fault {
	const message = `client ${client} asked for a server hidden behind ${serverName} (Encrypted ClientHello) and learned that it is not hidden here; it should come back with the true name`;
	return fault("CLIENT_ECH_NOT_ACCEPTED", message);
}

function certificateRefused(client: string, serverName: string, alertName: string): Fault {
	const message = `client ${client} refused the certificate minted for ${serverName} with alert ${alertName}; install the gateway's CA on the client, or exempt the host if its application pins certificates`;
	return fault("CLIENT_DOES_NOT_TRUST_CA", message, { got: alertName });
}

function ownCertificateRefused(client: string, serverName: string, alertName: string, id: string): Fault {
	const message = `client ${client} refused certificate "${id}" for ${serverName} with alert ${alertName}; expected a certificate for that name from an authority that the client trusts; load another one, or give the client that authority`;
	return fault("CLIENT_REFUSED_OWN_CERTIFICATE", message, { got: alertName });
}

function clientCertificateWanted(server: string): Fault {
	const message = `server ${server} asks for a client certificate, which the gateway does not have; exempt the host from decryption, or put a pass-through listener before it`;
	return fault("SERVER_WANTS_CLIENT_CERTIFICATE", message);
}

type EngineError = Error & { readonly code?: unknown };

/** Alerts of clients that pin certificates or do not know the CA. */
const refusalAlerts: ReadonlySet<string> = new Set(["bad_certificate", "unknown_ca", "certificate_unknown"]);
