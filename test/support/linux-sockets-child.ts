/** Uses the sockets of `src/base/linux-shell.ts` where the network is its own, and prints what came of it as JSON. */
import { once } from "node:events";
import { type AddressInfo, createServer, type Server, Socket } from "node:net";
import { type Address, formatAddress, formatEndpoint, parseAddress } from "#base/address.ts";
import type { Linux } from "#base/linux.ts";
import { openLinux } from "#base/linux-shell.ts";

type Scenario = (linux: Linux) => Promise<unknown>;

const scenarios: Readonly<Record<string, Scenario>> = {
	/** The address that the server sees, for each family. */
	foreign: async (linux) => {
		const seen: unknown[] = [];
		for (const [at, source] of [
			["127.0.0.1", "192.0.2.55"],
			["::1", "2001:db8::55"],
		] as const) {
			const server = await listen(linux, at, true);
			const accepted = once(server, "connection");
			const family = at.includes(":") ? 6 : 4;
			const socket = new Socket({ fd: linux.outgoingSocket({ family, mark: 7, source: address(source) }) });
			socket.connect({ host: at, port: (server.address() as AddressInfo).port });
			const [[remote]] = (await Promise.all([accepted, once(socket, "connect")])) as [[Socket], unknown];
			seen.push({
				server: remote.remoteAddress,
				client: socket.localAddress,
				isSamePort: remote.remotePort === socket.localPort,
			});
			socket.destroy();
			remote.destroy();
			server.close();
		}
		return seen;
	},
	/** Several listen at one address; a connection to an address of nobody arrives as it was meant. */
	transparent: async (linux) => {
		const first = await listen(linux, "0.0.0.0", true);
		const { port } = first.address() as AddressInfo;
		const second = await listen(linux, "0.0.0.0", true, port);
		const accepted = Promise.race([once(first, "connection"), once(second, "connection")]);
		const socket = new Socket();
		socket.connect({ host: "192.0.2.80", port });
		const [remote] = (await accepted) as [Socket];
		const found = { meant: remote.localAddress, isSamePort: remote.localPort === port };
		socket.destroy();
		remote.destroy();
		for (const server of [first, second]) server.close();
		return found;
	},
	/** Where a redirected connection was going, and one that came by itself, which was going here. */
	redirected: async (linux) => {
		const found: unknown[] = [];
		for (const [at, target] of [
			["0.0.0.0", "192.0.2.80"],
			["::", "2001:db8::80"],
		] as const) {
			const server = await listen(linux, at, false, 15_000);
			for (const [host, port] of [
				[target, 443],
				[at === "::" ? "::1" : "127.0.0.1", 15_000],
			] as const) {
				const accepted = once(server, "connection");
				const socket = new Socket();
				socket.connect({ host, port });
				const [remote] = (await accepted) as [Socket & { readonly _handle: { readonly fd: number } }];
				const original = linux.originalDestination(remote._handle.fd, at === "::" ? 6 : 4);
				found.push(
					original === undefined
						? "none"
						: formatEndpoint({ host: formatAddress(original.address), port: original.port }),
				);
				socket.destroy();
				remote.destroy();
			}
			server.close();
		}
		return found;
	},
	/** What is said without the privileges, and that nothing is left open. */
	refused: async (linux) => {
		const source = address("192.0.2.55");
		const before = process.getActiveResourcesInfo().length;
		const errors = [
			() => linux.outgoingSocket({ family: 4, source }),
			() => linux.outgoingSocket({ family: 4, mark: 7 }),
			() => linux.listeningSocket({ address: source, port: 0, isTransparent: false, isShared: false, backlog: 1 }),
		].map((call) => {
			try {
				return `descriptor ${call()}`;
			} catch (error) {
				return String(error);
			}
		});
		return { errors, left: process.getActiveResourcesInfo().length - before };
	},
};

function address(text: string): Address {
	return parseAddress(text) as Address;
}

async function listen(linux: Linux, at: string, isTransparent: boolean, port = 0): Promise<Server> {
	const server = createServer();
	const wanted = { address: address(at), port, isTransparent, isShared: true, backlog: 16 };
	const listening = once(server, "listening");
	server.listen({ fd: linux.listeningSocket(wanted) });
	await listening;
	return server;
}

const scenario = scenarios[process.argv[2] ?? ""] as Scenario;
process.stdout.write(JSON.stringify(await scenario(await openLinux())));
