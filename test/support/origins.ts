/** Servers on loopback for the gateway to connect to, with certificates of a CA that it trusts, or of none. */

import type { RequestListener } from "node:http";
import { createSecureServer, type Http2SecureServer, type SecureServerOptions } from "node:http2";
import { createServer as createHttpsServer, type ServerOptions } from "node:https";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import tls, { type TLSSocket, type TlsOptions } from "node:tls";
import type { Owner } from "./gateway.ts";
import { type CertificateRequest, type Made, makeCertificate } from "./make-certificate.ts";

/** What `tls.createServer` takes, and the certificate that it is about. */
export interface Identity {
	readonly key: string;
	/** The leaf and, where there is one, the intermediate. */
	readonly cert: string;
	readonly made: Made;
}

/** A root, an intermediate below it, and the server certificates that they sign. */
export class TestCa {
	readonly root: Made;
	readonly intermediate: Made;

	constructor(name = "Test") {
		this.root = makeCertificate({ subject: `O=Sallyport Test,CN=${name} Root`, isCa: true });
		this.intermediate = makeCertificate({
			subject: `O=Sallyport Test,CN=${name} Intermediate`,
			isCa: true,
			pathLength: 0,
			issuer: this.root,
		});
	}

	/** A server certificate for these names, with its chain. */
	identity(names: readonly string[], request: CertificateRequest = {}): Identity {
		const made = makeCertificate({ subject: `CN=${names[0]}`, names, issuer: this.intermediate, ...request });
		return { key: made.keyPem, cert: made.pem + this.intermediate.pem, made };
	}
}

/** A certificate that signs itself. */
export function selfSigned(names: readonly string[], request: CertificateRequest = {}): Identity {
	const made = makeCertificate({ subject: `CN=${names[0]}`, names, ...request });
	return { key: made.keyPem, cert: made.pem, made };
}

/** A server that listens at 127.0.0.1 and ::1 with the same port. */
export interface Origin {
	readonly port: number;
	/** The connections that were accepted, the oldest first. */
	readonly sockets: readonly Socket[];
	/** Its two servers, one for each family. */
	readonly servers: readonly Server[];
}

/** An HTTP/1.1 server over TLS. */
export function httpsOrigin(
	owner: Owner,
	identity: Identity,
	onRequest: RequestListener,
	options: ServerOptions = {},
): Promise<Origin> {
	return listenBoth(owner, () => {
		const server = createHttpsServer({ key: identity.key, cert: identity.cert, ...options }, onRequest);
		server.on("tlsClientError", () => undefined);
		return server;
	});
}

/** A server of HTTP/2 that also speaks HTTP/1.1 to those who ask for it. */
export function http2Origin(
	owner: Owner,
	identity: Identity,
	configure: (server: Http2SecureServer) => void,
	options: SecureServerOptions = {},
): Promise<Origin> {
	return listenBoth(owner, () => {
		const server = createSecureServer({ key: identity.key, cert: identity.cert, allowHTTP1: true, ...options });
		server.on("sessionError", () => undefined);
		configure(server);
		return server;
	});
}

/** A TLS server without a protocol inside. Unless `allowHalfOpen` is given it ends when the client does. */
export function tlsOrigin(
	owner: Owner,
	identity: Identity,
	onSecure: (socket: TLSSocket) => void,
	options: TlsOptions = {},
): Promise<Origin> {
	return listenBoth(owner, () => {
		const server = tls.createServer({ key: identity.key, cert: identity.cert, ...options }, (socket) => {
			socket.on("error", () => undefined);
			socket.resume();
			onSecure(socket);
		});
		server.on("tlsClientError", () => undefined);
		return server;
	});
}

/** A server that does with the TCP socket whatever the test says. */
export function tcpOrigin(
	owner: Owner,
	onSocket: (socket: Socket) => void,
	options: { readonly allowHalfOpen?: boolean } = {},
): Promise<Origin> {
	return listenBoth(owner, () => createServer(options, onSocket));
}

async function listenBoth(owner: Owner, make: () => Server): Promise<Origin> {
	const sockets: Socket[] = [];
	const servers: Server[] = [];
	const open = async (host: string, port: number): Promise<number> => {
		const server = make();
		server.on("connection", (socket: Socket) => {
			sockets.push(socket);
			socket.on("error", () => undefined);
		});
		await new Promise<void>((resolve, reject) => {
			server.once("error", reject);
			server.listen({ host, port, ipv6Only: host === "::1" }, resolve);
		});
		servers.push(server);
		owner.after(() => {
			server.close();
			for (const socket of sockets) socket.destroy();
		});
		return (server.address() as AddressInfo).port;
	};
	for (;;) {
		const port = await open("127.0.0.1", 0);
		// Another program may have the same port of the other family.
		const twin = await open("::1", port).catch(() => undefined);
		if (twin !== undefined) return { port, sockets, servers };
	}
}
