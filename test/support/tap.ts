/** A relay in the middle of a connection: it keeps what passes on the wire, and may change it. */
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import type { Gateway, Owner } from "./gateway.ts";

export class Tap {
	readonly port: number;
	/** Of all connections, in the order of their arrival. */
	toServer: Buffer<ArrayBufferLike> = Buffer.alloc(0);
	toClient: Buffer<ArrayBufferLike> = Buffer.alloc(0);
	/** The ports that the server sees its clients come from. */
	readonly clientPorts: number[] = [];
	/** Changes what goes to the server. */
	change: (octets: Buffer) => Buffer = (octets) => octets;

	constructor(port: number) {
		this.port = port;
	}

	/** The gateway, whose clients connect to this tap. */
	before(gateway: Gateway): Gateway {
		return Object.create(gateway, { proxy: { value: () => ({ host: "127.0.0.1", port: this.port }) } });
	}
}

/** Listens at 127.0.0.1 and relays to `serverPort` there. */
export async function tap(owner: Owner, serverPort: number): Promise<Tap> {
	const sockets = new Set<Socket>();
	const server = createServer((client) => {
		const upstream = connect(serverPort, "127.0.0.1");
		upstream.on("connect", () => made.clientPorts.push(upstream.localPort ?? 0));
		for (const [from, to] of [
			[client, upstream],
			[upstream, client],
		] as const) {
			sockets.add(from);
			from.on("error", () => undefined);
			from.on("close", () => to.destroy());
			from.on("end", () => to.end());
		}
		client.on("data", (octets: Buffer) => {
			const changed = made.change(octets);
			made.toServer = Buffer.concat([made.toServer, changed]);
			upstream.write(changed);
		});
		upstream.on("data", (octets: Buffer) => {
			made.toClient = Buffer.concat([made.toClient, octets]);
			client.write(octets);
		});
	});
	owner.after(() => {
		server.close();
		for (const socket of sockets) socket.destroy();
	});
	server.listen(0, "127.0.0.1");
	await once(server, "listening");
	const made = new Tap((server.address() as AddressInfo).port);
	return made;
}
