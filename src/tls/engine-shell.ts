/**
 * The TLS engine: `node:tls` on the real socket, the runtime's native path.
 *
 * Renegotiation is refused by the contexts' options (R173) unless they permit it: then only to the same peer, and not often. Every listener is attached before a handshake can fail, and every outcome arrives exactly once: `secured` or `failed`.
 */
import type { Socket } from "node:net";
import tls, { type SecureContext, TLSSocket } from "node:tls";
import { peerClosedHandshake } from "#tls/alert.ts";

/** How a handshake ended. After `secured` the caller owns the socket's events, errors included. */
export interface HandshakeOutcome {
	secured(socket: TLSSocket): void;
	failed(error: Error & { code?: string }): void;
}

/** What the leg to the server is opened with. */
export interface ServerLegStart {
	readonly context: SecureContext;
	/** The SNI to send; absent when the client sent none. */
	readonly serverName: string | undefined;
	readonly alpn: readonly string[];
	/** A session of an earlier connection of the same client to the same server. */
	readonly session: Buffer | undefined;
	/** Takes the OCSP response that the server sends along, before the handshake is over; absent when none is asked for. */
	readonly onStaple?: ((response: Uint8Array) => void) | undefined;
	/** Called for each ticket that the server hands out; absent when none is wanted. */
	readonly onSession: ((session: Buffer) => void) | undefined;
	/** The context permits renegotiation. */
	readonly mayRenegotiate?: boolean | undefined;
}

/** What the leg to the client has besides. */
export interface ClientLegExtras {
	/** The client is asked for a certificate, and without one the handshake fails where it is required. */
	readonly clients?: { readonly isRequired: boolean } | undefined;
	/** The OCSP response that a client gets if it asks for one. */
	readonly staple?: Uint8Array | undefined;
	/** The context permits renegotiation. */
	readonly mayRenegotiate?: boolean | undefined;
}

/** Begins the TLS handshake with the server over a connected socket. The certificate is judged by the caller. */
export function startServerTls(transport: Socket, start: ServerLegStart, outcome: HandshakeOutcome): TLSSocket {
	const options: tls.ConnectionOptions & { highWaterMark: number } = {
		socket: transport,
		secureContext: start.context,
		// OpenSSL's verdict is read from authorizationError; the name is checked by pki/verify-name.
		rejectUnauthorized: false,
		checkServerIdentity: acceptAnyIdentity,
		highWaterMark: relayHighWaterMark,
	};
	if (start.alpn.length > 0) options.ALPNProtocols = [...start.alpn];
	if (start.session !== undefined) options.session = start.session;
	if (start.serverName !== undefined) options.servername = start.serverName;
	const { onStaple } = start;
	if (onStaple !== undefined) options.requestOCSP = true;
	const socket = tls.connect(options);
	// Told with null when none came.
	if (onStaple !== undefined) socket.on("OCSPResponse", (response: Buffer | null) => response && onStaple(response));
	// Node asks for the whole chain as legacy objects before it calls checkServerIdentity, at a sixth of a handshake's
	// cost; nothing here reads them.
	socket.getPeerCertificate = noPeerCertificate;
	// Each ticket costs a serialisation of the session: only where somebody wants it.
	if (start.onSession !== undefined) socket.on("session", start.onSession);
	watchHandshake(socket, "secureConnect", outcome);
	if (start.mayRenegotiate === true) watchRenegotiation(socket);
	return socket;
}

/**
 * Answers the client's ClientHello, whose octets were already read: they are handed back to the socket first.
 *
 * `alpn` is the one protocol that the server chose, or undefined to negotiate none.
 */
export function acceptClientTls(
	transport: Socket,
	helloOctets: Uint8Array,
	context: SecureContext,
	alpn: string | undefined,
	outcome: HandshakeOutcome,
	{ clients, staple, mayRenegotiate = false }: ClientLegExtras = {},
): TLSSocket {
	transport.unshift(helloOctets);
	const options: tls.TLSSocketOptions & { highWaterMark: number } = {
		isServer: true,
		secureContext: context,
		requestCert: clients !== undefined,
		// Only whether there is one: it is judged by the caller.
		rejectUnauthorized: clients?.isRequired === true,
		highWaterMark: relayHighWaterMark,
	};
	if (alpn !== undefined) options.ALPNProtocols = [alpn];
	if (staple !== undefined) options.server = staplerOf(staple);
	const socket = new TLSSocket(transport, options);
	watchHandshake(socket, "secure", outcome);
	if (mayRenegotiate) watchRenegotiation(socket);
	return socket;
}

/**
 * The high-water mark of relayed streams: larger writes relay cheaper than the default of 64 KiB. A stalled session holds a
 * few times as much.
 */
export const relayHighWaterMark = 262_144;

/** Why a client is left that makes the engine work again and again; the runtime finds so too, with `ERR_TLS_SESSION_ATTACK`. */
export const tooManyRenegotiations = `it renegotiated more than ${tls.CLIENT_RENEG_LIMIT} times within ${tls.CLIENT_RENEG_WINDOW} s`;

/**
 * Ends a session that a renegotiation takes to somebody else (a certificate that nobody has judged), that RFC 9113 §9.2.1 forbids it,
 * or that does it too often: each one costs as much as a connection.
 */
function watchRenegotiation(socket: TLSSocket): void {
	let first: { readonly certificate: string | undefined; readonly isHttp2: boolean } | undefined;
	const times: number[] = [];
	socket.on("secure", () => {
		const certificate = socket.getPeerX509Certificate()?.fingerprint256;
		if (first === undefined) {
			// A protocol is agreed on by the first handshake alone.
			first = { certificate, isHttp2: socket.alpnProtocol === "h2" };
			return;
		}
		const now = performance.now();
		times.push(now);
		while (now - (times[0] ?? now) > tls.CLIENT_RENEG_WINDOW * 1_000) times.shift();
		const why =
			certificate !== first.certificate
				? "it renegotiated with another certificate"
				: first.isHttp2
					? "it renegotiated amid HTTP/2"
					: times.length > tls.CLIENT_RENEG_LIMIT
						? tooManyRenegotiations
						: undefined;
		if (why === undefined) return;
		// What comes behind it is not read; the engine is amid its read.
		socket.pause();
		socket.removeAllListeners("data");
		setImmediate(() => socket.destroy(new Error(why)));
	});
}

function watchHandshake(socket: TLSSocket, done: "secure" | "secureConnect", outcome: HandshakeOutcome): void {
	let isOver = false;
	let firstError: Error | undefined;
	const fail = (error: Error) => {
		firstError ??= error;
		if (isOver) return;
		isOver = true;
		outcome.failed(error);
	};
	// A handshake error of a socket without a tls.Server is told by this event alone.
	socket.on("_tlsError", fail);
	socket.on("error", fail);
	const onClose = () => fail(firstError ?? new Error(peerClosedHandshake));
	socket.on("close", onClose);
	// A peer that ends its direction amid the handshake leaves a half-open socket, which does not close by itself.
	socket.on("end", onClose);
	socket.once(done, () => {
		// What ends from here on is not the handshake: the caller asks the socket whether it has ended.
		socket.removeListener("end", onClose);
		// Told amid a read of the engine: were the socket destroyed before that read returns, the read would go on in
		// memory that is freed.
		setImmediate(() => {
			if (isOver) return;
			isOver = true;
			socket.removeListener("close", onClose);
			outcome.secured(socket);
		});
	});
}

/** A server that listens nowhere: only of such a one does a socket ask for the response. */
function staplerOf(response: Uint8Array): tls.Server {
	const known = staplers.get(response);
	if (known !== undefined) return known;
	const stapler = tls.createServer();
	stapler.on("OCSPRequest", (_certificate, _issuer, answer) => answer(null, Buffer.from(response)));
	staplers.set(response, stapler);
	return stapler;
}

function noPeerCertificate(): tls.DetailedPeerCertificate {
	return {} as tls.DetailedPeerCertificate;
}

function acceptAnyIdentity(): undefined {
	return undefined;
}

const staplers = new WeakMap<Uint8Array, tls.Server>();
