/** The sockets and the clock of the engine of IKE: addresses of this host, each with its ports for IKE and for IKE and ESP together. */
import { createSocket, type RemoteInfo, type Socket } from "node:dgram";
import { type Address, formatAddress, parseAddress } from "#base/address.ts";
import { equalBytes } from "#base/bytes.ts";
import type { SignatureScheme } from "#ike/auth/signature.ts";
import type { LoggedAssociation } from "#ike/decryption-table.ts";
import type { TlsAnswer } from "#ike/eap/eap-tls-server.ts";
import type { Endpoint } from "#ike/endpoint.ts";
import { classifyPort4500, keepalivePacket, markIke } from "#ike/udp-encapsulation.ts";
import type { Path, Place } from "#ike/v2/connection.ts";
import type { ChildAssociation, EngineEffect, EngineEvent, ReportKind } from "#ike/v2/engine-event.ts";
import type { Certificate } from "#pki/certificate.ts";

/** What the engine's effects go to. */
export interface EnginePorts {
	/** Signs with the key of a connection, wherever it is; undefined when it cannot. */
	sign(connection: string, scheme: SignatureScheme, octets: Uint8Array): Promise<Uint8Array | undefined>;
	/** Why the peer with the certificate of this path is refused; `isAgain` when it was accepted before. */
	checkPeer?(path: readonly Certificate[], isAgain: boolean): Promise<string | undefined>;
	/** Gives records of a user's TLS to the handshake of that number, with the key of the connection's certificate; no users of TLS are let in without it. */
	tls?(session: number, connection: string, input: Uint8Array, isFirst: boolean): Promise<TlsAnswer | undefined>;
	/** Danger: keys of an association of IKE; only when they are asked for. */
	danger_logKeys?(connection: string, association: LoggedAssociation): void;
	installChild(association: ChildAssociation): void;
	removeChild(inboundSpi: number, outboundSpi: number): void;
	moveChild(inboundSpi: number, path: Path, isEncapsulated: boolean): void;
	/** A packet of ESP that came in UDP. */
	receiveEsp(packet: Uint8Array, path: Path): void;
	report(what: ReportKind, connection: string, text: string): void;
	/** A datagram of IKE comes or goes. */
	passed?(direction: "sent" | "received", datagram: Uint8Array, path: Path): void;
}

export class EngineShell {
	readonly #endpoint: Endpoint;
	readonly #ports: EnginePorts;
	#sockets: readonly { readonly place: Place; readonly socket: Socket }[] = [];
	readonly #ikePort: number;
	readonly #natPort: number;
	#timer: NodeJS.Timeout | undefined;
	#isClosed = false;

	/** Opens the ports at `local`; rejects when one is taken. */
	static async open(
		endpoint: Endpoint,
		local: Place & { readonly natPort: number },
		ports: EnginePorts,
	): Promise<EngineShell> {
		const shell = new EngineShell(endpoint, ports, { ike: local.port, nat: local.natPort });
		try {
			await shell.listen(local.address);
		} catch (error) {
			shell.close();
			throw error;
		}
		shell.give({ type: "time-passed" });
		return shell;
	}

	/** Listens nowhere yet. */
	constructor(endpoint: Endpoint, ports: EnginePorts, numbers: { readonly ike: number; readonly nat: number }) {
		this.#endpoint = endpoint;
		this.#ports = ports;
		this.#ikePort = numbers.ike;
		this.#natPort = numbers.nat;
	}

	/** Opens both ports at an address, unless they are open; rejects when one is taken, and then neither is. */
	async listen(address: Address): Promise<void> {
		if (this.addresses.some(({ octets }) => equalBytes(octets, address.octets))) return;
		try {
			for (const port of [this.#ikePort, this.#natPort]) await this.#listen({ address, port });
		} catch (error) {
			this.leave(address);
			throw error;
		}
	}

	/** Closes the ports at an address. */
	leave(address: Address): void {
		const isThere = ({ place }: { readonly place: Place }) => equalBytes(place.address.octets, address.octets);
		for (const { socket } of this.#sockets.filter(isThere)) socket.close();
		this.#sockets = this.#sockets.filter((one) => !isThere(one));
	}

	/** Where it listens. */
	get addresses(): readonly Address[] {
		return this.#sockets.filter(({ place }) => place.port === this.#ikePort).map(({ place }) => place.address);
	}

	/** Tells the engine what has happened, and does what it asks for. */
	give(event: EngineEvent): void {
		if (this.#isClosed) return;
		for (const effect of this.#endpoint.step(event, Date.now())) this.#perform(effect);
		this.#arm();
	}

	/** Sends a packet of ESP in UDP. */
	sendEsp(packet: Uint8Array, { local, remote }: Path): void {
		for (const { place, socket } of this.#sockets) {
			if (place.port !== local.port || !equalBytes(place.address.octets, local.address.octets)) continue;
			return socket.send(packet, remote.port, formatAddress(remote.address));
		}
	}

	/** The descriptor of the socket that packets of ESP go by, for who sends them with headers of their own; undefined when it is not open. */
	descriptorAt({ port, address }: Place): number | undefined {
		const found = this.#sockets.find(
			({ place }) => place.port === port && equalBytes(place.address.octets, address.octets),
		);
		return found === undefined ? undefined : descriptorOf(found.socket);
	}

	/** Closes the sockets; peers are not told. */
	close(): void {
		this.#isClosed = true;
		clearTimeout(this.#timer);
		for (const { socket } of this.#sockets) socket.close();
		this.#sockets = [];
	}

	async #listen({ address, port }: Place): Promise<void> {
		// Who carries ESP may share its port.
		const reusePort = port === this.#natPort;
		const socket = createSocket({ type: address.octets.length === 4 ? "udp4" : "udp6", reusePort });
		const local = { address, port };
		const { promise, resolve, reject } = Promise.withResolvers<void>();
		socket.on("error", reject);
		socket.on("message", (datagram, from) => this.#receive(datagram, local, from));
		socket.bind(port, formatAddress(address), () => resolve());
		try {
			await promise;
		} catch (error) {
			socket.close();
			throw error;
		}
		// What a send meets (nobody there, no route) is the same as a lost datagram: it is sent again in time.
		socket.removeListener("error", reject).on("error", () => {});
		this.#sockets = [...this.#sockets, { place: local, socket }];
	}

	#receive(datagram: Uint8Array, local: Place, from: RemoteInfo): void {
		const address = parseAddress(from.address);
		// Nobody can be answered at port 0, and the runtime throws at the attempt.
		if (address === undefined || from.port === 0) return;
		const path = { local, remote: { address, port: from.port } };
		if (local.port !== this.#natPort) return this.#receiveIke(datagram, path);
		const content = classifyPort4500(datagram);
		if (content.kind === "ike") this.#receiveIke(content.datagram, path);
		else if (content.kind === "esp") this.#ports.receiveEsp(content.packet, path);
	}

	#receiveIke(datagram: Uint8Array, path: Path): void {
		this.#ports.passed?.("received", datagram, path);
		this.give({ type: "datagram-received", path, datagram });
	}

	#perform(effect: EngineEffect): void {
		switch (effect.type) {
			case "send-datagram":
				return this.#send(effect.datagram, effect.path);
			case "send-keepalive":
				return this.sendEsp(keepalivePacket, effect.path);
			case "sign":
				return this.#sign(effect);
			case "check-peer":
				return this.#checkPeer(effect);
			case "tls":
				return this.#tls(effect);
			case "danger-log-keys":
				return this.#ports.danger_logKeys?.(effect.connection, effect.association);
			case "install-child":
				return this.#ports.installChild(effect.association);
			case "remove-child":
				return this.#ports.removeChild(effect.inboundSpi, effect.outboundSpi);
			case "move-child":
				return this.#ports.moveChild(effect.inboundSpi, effect.path, effect.isEncapsulated);
			case "report":
				return this.#ports.report(effect.what, effect.connection, effect.text);
		}
	}

	#send(datagram: Uint8Array, path: Path): void {
		this.#ports.passed?.("sent", datagram, path);
		const isMarked = path.local.port === this.#natPort;
		this.sendEsp(isMarked ? markIke(datagram) : datagram, path);
	}

	#sign({ sa, connection, scheme, octets }: Extract<EngineEffect, { readonly type: "sign" }>): void {
		this.#ports.sign(connection, scheme, octets).then(
			(signature) => this.give({ type: "signed", sa, signature }),
			() => this.give({ type: "signed", sa, signature: undefined }),
		);
	}

	#tls({ sa, connection, input, isFirst }: Extract<EngineEffect, { readonly type: "tls" }>): void {
		const asked = this.#ports.tls?.(sa, connection, input, isFirst) ?? Promise.resolve(undefined);
		asked.then(
			(answer) => this.give({ type: "tls-answered", sa, answer }),
			() => this.give({ type: "tls-answered", sa, answer: undefined }),
		);
	}

	#checkPeer({ sa, path, isAgain }: Extract<EngineEffect, { readonly type: "check-peer" }>): void {
		const answer = (refusal: string | undefined) => this.give({ type: "peer-checked", sa, refusal });
		const asked = this.#ports.checkPeer?.(path, isAgain) ?? Promise.reject(new Error("nobody can be asked"));
		asked.then(answer, (error) => answer(isAgain ? undefined : String(error)));
	}

	#arm(): void {
		clearTimeout(this.#timer);
		const at = this.#endpoint.deadline();
		if (at === Number.POSITIVE_INFINITY || this.#isClosed) return;
		const wait = Math.min(Math.max(0, at - Date.now()), longestTimer);
		this.#timer = setTimeout(() => this.give({ type: "time-passed" }), wait);
	}
}

/**
 * The descriptor of a socket of UDP that is bound; undefined when it is not open. Node shows it nowhere else: the socket keeps
 * the handle with the descriptor in its state.
 */
export function descriptorOf(socket: Socket): number | undefined {
	const key = Object.getOwnPropertySymbols(socket).find(({ description }) => description === "state symbol");
	if (key === undefined) return undefined;
	const state = (socket as unknown as Readonly<Record<symbol, { readonly handle?: { readonly fd?: number } | null }>>)[
		key
	];
	const descriptor = state?.handle?.fd;
	return descriptor === undefined || descriptor < 0 ? undefined : descriptor;
}

/** Node's timers hold 31 bits. */
const longestTimer = 0x7fff_ffff;
