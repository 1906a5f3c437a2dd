/** openssl and gnutls as the ends of DTLS connections over loopback. */
import { spawn } from "node:child_process";
import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { freePort, type Owner, Program } from "./gateway.ts";
import type { Identity } from "./origins.ts";
import { peerPath } from "./peers.ts";

/** A program with its standard streams, ended with its owner. */
function start(owner: Owner, command: string, args: readonly string[]): Program {
	const child = spawn(peerPath(command), args, { stdio: ["pipe", "pipe", "pipe"] });
	const program = new Program(child);
	child.stdin.on("error", () => undefined);
	owner.after(async () => {
		child.kill("SIGKILL");
		await program.ended;
	});
	return program;
}

/** `openssl s_server` of DTLS; it shows what arrives and sends what is typed. With `-listen` it asks for a cookie. */
export async function startDtlsServer(
	owner: Owner,
	folder: string,
	{ key, cert }: Identity,
	args: readonly string[] = ["-listen"],
	host = "127.0.0.1",
): Promise<{ readonly program: Program; readonly port: number }> {
	const port = await freePort();
	const [leaf = "", ...issuers] = cert.split(/(?<=-----END CERTIFICATE-----\n)/);
	const save = (name: string, text: string) => {
		const file = join(folder, `${name}-${port}.pem`);
		writeFileSync(file, text);
		return file;
	};
	const chain = issuers.length === 0 ? [] : ["-cert_chain", save("chain", issuers.join(""))];
	const at = host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
	const own = ["-accept", at, "-cert", save("leaf", leaf), "-key", save("key", key), ...chain];
	const program = start(owner, "openssl", ["s_server", "-dtls", ...own, ...args]);
	await program.says("ACCEPT");
	return { program, port };
}

/** `openssl s_client` of DTLS towards a port of loopback. */
export function startDtlsClient(owner: Owner, port: number, args: readonly string[], host = "127.0.0.1"): Program {
	const at = host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
	return start(owner, "openssl", ["s_client", "-dtls", "-connect", at, ...args]);
}

export function startGnutlsClient(owner: Owner, port: number, args: readonly string[]): Program {
	return start(owner, "gnutls-cli", ["--udp", `--port=${port}`, ...args, "127.0.0.1"]);
}

/** A UDP socket on loopback and all that it received. */
export async function udpSocket(
	owner: Owner,
	onDatagram: (datagram: Buffer, port: number, socket: Socket) => void = () => undefined,
): Promise<{ readonly socket: Socket; readonly port: number; readonly received: Buffer[] }> {
	const socket = createSocket("udp4");
	const received: Buffer[] = [];
	socket.on("message", (datagram, { port }) => {
		received.push(datagram);
		onDatagram(datagram, port, socket);
	});
	socket.bind(0, "127.0.0.1");
	await once(socket, "listening");
	owner.after(() => void socket.close());
	return { socket, port: socket.address().port, received };
}
