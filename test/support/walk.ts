/** What the walks of `docs/guide/` speak of: the files that their reader has, and the servers behind the gateway. */
import { createSocket } from "node:dgram";
import { createServer, type RequestListener, type Server } from "node:http";
import { createServer as createHttpsServer, type Server as HttpsServer } from "node:https";
import type { AddressInfo } from "node:net";
import type { Owner } from "./gateway.ts";
import { TestCa } from "./origins.ts";

/** The servers of the pages, all at 127.0.0.1; what a datagram heard is said again. */
export interface WalkPorts {
	/** `shop.test` over TLS, with a certificate of the laboratory's CA. */
	readonly https: number;
	/** The same without TLS. */
	readonly clear: number;
	readonly datagrams: number;
}

export interface Walk {
	/** By name: the CA of the server, and a certificate for `shop.test` with its key and its CA. */
	readonly files: Readonly<Record<string, string>>;
	readonly ports: WalkPorts;
}

/** The ports that the pages name. */
export const walkPorts: WalkPorts = { https: 19443, clear: 19080, datagrams: 19684 };
export const anyPorts: WalkPorts = { https: 0, clear: 0, datagrams: 0 };

/** Makes the files and starts the servers; these end with their owner. Rejects when a port is taken. */
export async function startWalk(owner: Owner, ports: WalkPorts): Promise<Walk> {
	const lab = new TestCa("Lab");
	const shownBy = new TestCa("Public");
	const shop = shownBy.identity(["shop.test"]);
	const behind = lab.identity(["shop.test"]);
	const files = {
		"shop.pem": shop.cert,
		"shop.key": shop.key,
		"lab-root.pem": lab.root.pem,
		"public-root.pem": shownBy.root.pem,
	};
	const secure = createHttpsServer({ key: behind.key, cert: behind.cert }, says("behind\n"));
	return {
		files,
		ports: {
			https: await listen(owner, secure, ports.https),
			clear: await listen(owner, createServer(says("behind in clear\n")), ports.clear),
			datagrams: await startEcho(owner, ports.datagrams),
		},
	};
}

function says(text: string): RequestListener {
	return (_, response) => response.end(text);
}

async function listen(owner: Owner, server: Server | HttpsServer, port: number): Promise<number> {
	await new Promise<void>((resolve, reject) => {
		server.once("error", reject);
		server.listen(port, "127.0.0.1", resolve);
	});
	owner.after(() => {
		server.close();
		server.closeAllConnections();
	});
	return (server.address() as AddressInfo).port;
}

async function startEcho(owner: Owner, port: number): Promise<number> {
	const socket = createSocket("udp4");
	socket.on("message", (datagram, from) => socket.send(`heard ${datagram}`, from.port, from.address));
	await new Promise<void>((resolve, reject) => {
		socket.once("error", reject);
		socket.bind(port, "127.0.0.1", resolve);
	});
	owner.after(() => void socket.close());
	return socket.address().port;
}
