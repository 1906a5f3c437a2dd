/** A relay that stands before a mail server with a machine, over real sockets; behind TLS, or without it for good, octets pass. */
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import type { TestContext } from "node:test";
import type { MailMachine, MailStep } from "#mail/mail-step.ts";

/** `ends`: how each connection's machine ended, "upgrade", "clear" or the code of a fault. */
export interface MailRelay {
	readonly port: number;
	readonly ends: readonly string[];
}

/** Starts the relay; it ends with the test. */
export async function startMailRelay(
	t: Pick<TestContext, "after">,
	serverPort: number,
	newMachine: () => MailMachine,
): Promise<MailRelay> {
	const ends: string[] = [];
	const port = await listenOnLoopback(t, (client) => {
		const machine = newMachine();
		const server = connect(serverPort, "127.0.0.1");
		server.on("error", () => {});
		server.on("close", () => client.end());
		client.on("close", () => server.destroy());
		t.after(() => server.destroy());
		const act = (step: MailStep) => {
			for (const octets of step.toServer) server.write(octets);
			for (const octets of step.toClient) client.write(octets);
			if (step.next.kind === "go-on") return;
			ends.push(step.next.kind === "refuse" ? step.next.fault.code : step.next.kind);
			client.off("data", fromClient);
			server.off("data", fromServer);
			if (step.next.kind === "refuse") {
				client.end();
				server.destroy();
			} else client.pipe(server).pipe(client);
		};
		const fromClient = (chunk: Buffer) => act(machine.fromClient(chunk));
		const fromServer = (chunk: Buffer) => act(machine.fromServer(chunk));
		client.on("data", fromClient);
		server.on("data", fromServer);
	});
	return { port, ends };
}

/** Listens at a free port of loopback until the test is over; answers the port. */
export async function listenOnLoopback(
	t: Pick<TestContext, "after">,
	onSocket: (socket: Socket) => void,
): Promise<number> {
	const sockets: Socket[] = [];
	const server = createServer((socket) => {
		sockets.push(socket);
		socket.on("error", () => {});
		onSocket(socket);
	});
	server.listen(0, "127.0.0.1");
	await once(server, "listening");
	t.after(() => {
		for (const socket of sockets) socket.destroy();
		server.close();
	});
	return (server.address() as AddressInfo).port;
}
