/** One TLS server a case, each with its chain and a secret of its own, over HTTP/1.1. */
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { createServer, type Server } from "node:https";
import { join } from "node:path";
import { freePort } from "../processes.ts";
import type { LimboCase } from "./cases.ts";
import type { ServedCase } from "./peer.ts";

/** Starts the servers of all cases; roots are written to `directory`. */
export async function serveCases(
	cases: readonly LimboCase[],
	directory: string,
): Promise<{ readonly served: readonly ServedCase[]; stop(): void }> {
	const servers: Server[] = [];
	const served: ServedCase[] = [];
	for (const [index, limbo] of cases.entries()) {
		const secret = randomBytes(16).toString("hex");
		const port = await freePort();
		for (const host of ["127.0.0.1", "::1"]) {
			const server = startServer(limbo, secret);
			await once(server.listen(port, host), "listening");
			servers.push(server);
		}
		const rootsFile = join(directory, `roots-${index}.pem`);
		writeFileSync(rootsFile, `${limbo.roots}\n`, { mode: 0o644 });
		served.push({ ...limbo, port, secret, rootsFile });
	}
	const stop = () => {
		for (const server of servers) {
			server.closeAllConnections();
			server.close();
		}
	};
	return { served, stop };
}

function startServer({ key, chain }: LimboCase, secret: string): Server {
	// What is weak is for the other side to refuse. Without roots of its own the server sends the chain as it is.
	const options = { key, cert: chain, ca: [], ciphers: "DEFAULT@SECLEVEL=0" };
	const server = createServer(options, (_, response) => {
		response.writeHead(200, { "content-type": "text/plain", connection: "close" });
		response.end(secret);
	});
	server.on("tlsClientError", () => undefined);
	return server;
}
