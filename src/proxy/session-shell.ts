/**
 * Drives one `SessionMachine`: owns the client's and the server's socket, performs the machine's effects and tells it
 * what happened. No decision lives here.
 */
import type { Socket } from "node:net";
import type { TLSSocket } from "node:tls";
import { formatAddress, formatEndpoint } from "#base/address.ts";
import type { AskedNames } from "#inspect/fronting-service.ts";
import type { Decision } from "#policy/evaluate.ts";
import { askedNames } from "#proxy/asked-names.ts";
import { ClientLeg } from "#proxy/client-leg-shell.ts";
import { headEdits } from "#proxy/head-edits.ts";
import type { JudgedServer } from "#proxy/judge-server.ts";
import { alpnOf, tlsInWords } from "#proxy/leg-record-shell.ts";
import type { ProxyProfile } from "#proxy/profile.ts";
import { RelayShell } from "#proxy/relay-shell.ts";
import { ServerLeg } from "#proxy/server-leg-shell.ts";
import type { SessionClient, SessionContext, SessionEffect, SessionEvent } from "#proxy/session-event.ts";
import { SessionMachine } from "#proxy/session-machine.ts";
import type { SessionResources } from "#proxy/session-resources-shell.ts";
import type { SessionRecord } from "#telemetry/session-record.ts";
import type { ClientHello } from "#tls/client-hello.ts";

type EffectOf<T extends SessionEffect["type"]> = Extract<SessionEffect, { type: T }>;

/** Who lends, and is told once when the session is over. */
export interface SessionOwner extends SessionResources {
	ended(session: SessionShell, record: SessionRecord): void;
}

export class SessionShell {
	readonly #machine: SessionMachine;
	readonly #owner: SessionOwner;
	readonly #context: SessionContext;
	readonly #client: Socket;
	readonly #clientAddress: string;
	readonly #clientLeg: ClientLeg;
	readonly #serverLeg: ServerLeg;
	#relay: RelayShell | undefined;
	/** Until the relay begins. */
	#hello: ClientHello | undefined;
	#isReported = false;

	constructor(
		id: string,
		client: Socket,
		{ address, destination }: Pick<SessionClient, "address" | "destination">,
		context: SessionContext,
		owner: SessionOwner,
		now: number,
	) {
		this.#client = client;
		this.#clientAddress = formatAddress(address);
		this.#context = context;
		this.#owner = owner;
		const reachedAt = formatEndpoint({ host: client.localAddress ?? "", port: client.localPort ?? 0 });
		const port = client.remotePort ?? 0;
		this.#machine = new SessionMachine(id, context, { address, port, reachedAt, destination }, now);
		const tell = (event: SessionEvent) => this.#step(event);
		this.#clientLeg = new ClientLeg(this.#machine, owner, tell);
		this.#serverLeg = new ServerLeg(() => formatAddress(this.#machine.facts.client.address), owner, tell);
		client.on("error", this.#onClientError);
		client.on("data", this.#onClientData);
		client.on("end", this.#onClientEnd);
		client.on("close", this.#onClientEnd);
	}

	/** Begins: to be called once the owner knows the session. */
	start(): void {
		for (const effect of this.#machine.start(Date.now())) this.#perform(effect);
		this.#settle();
	}

	/** Fires what is due. The owner calls it about once a second. */
	tick(now: number): void {
		if (this.#relay !== undefined) this.#relay.tick(now);
		else if (this.#machine.deadline() <= now) this.#step({ type: "deadline-passed" });
	}

	/** Ends the session because the gateway stops. */
	shutdown(why: string): void {
		if (this.#relay !== undefined) this.#relay.shutdown(why);
		else this.#step({ type: "client-ended", why });
		this.#client.destroy();
		this.#serverLeg.socket?.destroy();
	}

	/** The profile that decided; undefined when none did. */
	/** Undefined before there is one. */
	get decision(): Decision<ProxyProfile> | undefined {
		return this.#machine.facts.decision;
	}

	/** What is known of it so far. */
	record(): SessionRecord {
		return this.#machine.record();
	}

	describe(): string {
		return this.#machine.describe();
	}

	readonly #onServerDrain = (): void => this.#settle();
	readonly #onClientDrain = (): void => this.#serverLeg.holdReading(false);

	/** A client that does not read holds up a server that speaks by itself. */
	#sendClient(octets: Uint8Array): void {
		const client = this.#client;
		if (!client.writable) return;
		const wasFull = client.writableNeedDrain;
		if (client.write(octets) || wasFull) return;
		this.#serverLeg.holdReading(true);
		client.once("drain", this.#onClientDrain);
	}

	readonly #onClientData = (octets: Buffer): void => this.#step({ type: "client-octets", octets });
	readonly #onClientEnd = (): void => this.#step({ type: "client-ended", why: "the client closed the connection" });
	readonly #onClientError = (error: Error): void =>
		this.#step({ type: "client-ended", why: `the connection to the client failed: ${error.message}` });

	#step(event: SessionEvent): void {
		const machine = this.#machine;
		if (machine.isClosed) return;
		for (const effect of machine.step(event, Date.now())) this.#perform(effect);
		this.#settle();
	}

	/** After the effects: reports the end, or reads on or not. */
	#settle(): void {
		const machine = this.#machine;
		if (machine.isClosed) return this.#report();
		if (this.#relay !== undefined || this.#clientLeg.tls !== undefined) return;
		if (machine.wantsOctets && !this.#serverLeg.isFull) this.#client.resume();
		else this.#client.pause();
	}

	#perform(effect: SessionEffect): void {
		switch (effect.type) {
			case "send-client":
				return this.#sendClient(effect.octets);
			case "send-server":
				return this.#serverLeg.send(effect.octets, this.#onServerDrain);
			case "read-server":
				return this.#serverLeg.read();
			case "leave-server":
				return this.#serverLeg.leave();
			case "resolve-server":
				return this.#owner.resolver.resolve(effect.host, Date.now(), (resolution) => {
					if (resolution.kind === "failed") this.#step({ type: "server-failed", fault: resolution.fault });
					else this.#step({ type: "server-resolved", addresses: resolution.addresses });
				});
			case "know-ech":
				return this.#owner.echKeys.know(effect.name, Date.now(), (known) => this.#step({ type: "ech-known", known }));
			case "check-name":
				return this.#owner.nameAddresses.find(effect.name, (addresses) =>
					this.#step({ type: "name-resolved", addresses }),
				);
			case "connect-server":
				return this.#serverLeg.connect(effect, this.#context.timeouts.connectMs);
			case "reconnect-server":
				return this.#serverLeg.reconnect(effect, this.#context.timeouts.connectMs);
			case "witness-name":
				return this.#owner.nameWitness.look(effect, Date.now());
			case "tell":
				return this.#owner.tell(effect.event);
			case "start-server-tls":
				this.#hello = effect.hello;
				return this.#serverLeg.startTls(effect);
			case "complete-chain":
				return this.#serverLeg.completeChain(effect);
			case "check-revocation":
				return this.#serverLeg.checkRevocation(effect);
			case "prepare-context":
				return this.#clientLeg.prepareContext(effect, this.#serverLeg.judged as JudgedServer);
			case "prepare-own-certificate":
				return this.#clientLeg.prepareOwnCertificate(effect);
			case "start-client-tls":
				this.#releaseClient();
				// Amid a read of its own the socket would let go of the hello that is handed back to it.
				this.#client.pause();
				return this.#clientLeg.startTls(effect, this.#client, this.#serverLeg.address);
			case "relay":
				return this.#startRelay(effect);
			case "prepare-own-context":
				return this.#clientLeg.prepareOwnContext(effect);
			case "read-plaintext":
				return this.#readPlaintext();
			case "answer-client":
				return this.#answerClient(effect.octets);
			case "close":
				return this.#close(effect.manner, effect.resetsServer === true);
		}
	}

	/** The gateway is the server of this TLS connection. */
	#readPlaintext(): void {
		const client = this.#clientLeg.tls as TLSSocket;
		const ended = (): void => this.#step({ type: "client-ended", why: "the client closed the connection" });
		client.on("error", (error) => this.#step({ type: "client-ended", why: `the client failed: ${error.message}` }));
		client.on("end", ended);
		client.on("close", ended);
		client.on("data", (octets: Buffer) => this.#step({ type: "client-plaintext", octets }));
	}

	#answerClient(octets: Uint8Array): void {
		const sent = (): void => this.#step({ type: "answer-sent" });
		const { tls } = this.#clientLeg;
		if (tls === undefined) return void this.#client.write(octets, sent);
		tls.end(octets, sent);
	}

	#startRelay({ mode, mail, header, first, decision, requests }: EffectOf<"relay">): void {
		this.#releaseClient();
		const transport = this.#serverLeg.socket as Socket;
		const { tls: serverTls, address } = this.#serverLeg;
		const { judged } = this.#serverLeg;
		this.#serverLeg.release();
		this.#clientLeg.release();
		const isDecrypted = mode === "decrypted";
		const plaintext =
			mode !== "bypass" && decision.profile !== undefined && decision.isTrusted !== true
				? this.#owner.inspect({
						profile: decision.profile,
						alpn: mode === "clear" ? "http/1.1" : alpnOf(serverTls ?? this.#clientLeg.tls),
						mail,
						sessionId: this.#machine.id,
						rule: decision.rule,
						tls: mode === "clear" ? "" : tlsInWords(this.#clientLeg.tls ?? serverTls),
						client: { address: this.#clientAddress, port: this.#client.remotePort ?? 0 },
						server: { address, port: transport.remotePort ?? 0 },
						fromZone: this.#context.fromZone,
						requestedName: this.#machine.facts.requestedName,
						hello: this.#hello,
						certificate: judged?.certificate,
						names: mode === "clear" ? undefined : this.#names(),
						judgeName: (name) => this.#machine.judgeName(name, Date.now()),
						edits: headEdits(decision.profile, this.#machine.facts.identity),
					})
				: undefined;
		const client = { stream: this.#clientLeg.tls ?? this.#client, transport: this.#client, peer: this.#clientAddress };
		const server = { stream: serverTls ?? transport, transport, peer: address };
		const bucket = decision.rateLimit === undefined ? undefined : this.#owner.bucket(decision.rateLimit);
		const content = { plaintext, isDecrypted, requests, sendsReset: decision.profile?.sendsReset, bucket };
		this.#relay = new RelayShell(client, server, content, this.#context.timeouts.idleMs, (summary) =>
			this.#step({ type: "relay-ended", summary }),
		);
		this.#hello = undefined;
		if (header !== undefined) server.stream.write(header);
		this.#relay.start(first);
	}

	#names(): AskedNames | undefined {
		const { facts, distrust } = this.#machine;
		const host = facts.target?.host ?? "";
		const ofServer = distrust === undefined ? this.#serverLeg.judged?.certificate : undefined;
		const certificate = this.#clientLeg.ownCertificate ?? ofServer;
		return askedNames({ way: this.#context.way.kind, host, sni: this.#hello?.sni, certificate });
	}

	/** From here on another owner reads the client's socket. */
	#releaseClient(): void {
		const client = this.#client;
		client.removeListener("data", this.#onClientData);
		client.removeListener("end", this.#onClientEnd);
		client.removeListener("close", this.#onClientEnd);
		client.removeListener("error", this.#onClientError);
	}

	#close(manner: "end" | "reset", resetsServer: boolean): void {
		this.#serverLeg.close();
		// A relay closes its own sockets, at its own pace.
		if (this.#relay !== undefined) return;
		const client = this.#client;
		client.on("error", ignoreLateError);
		const { socket: server, tls: serverTls } = this.#serverLeg;
		const { tls: clientTls } = this.#clientLeg;
		server?.on("error", ignoreLateError);
		// The engine may be amid the read that led here; it must not be freed before that read returns.
		setImmediate(() => {
			if (manner === "reset" && !client.destroyed) client.resetAndDestroy();
			if (resetsServer && server?.destroyed === false) server.resetAndDestroy();
			destroyAll([serverTls, server, clientTls]);
		});
		if (clientTls !== undefined || client.destroyed || manner === "reset") return;
		// The rest of what the client sends is read and dropped, so that the answer is not lost to a reset.
		client.removeListener("data", this.#onClientData);
		client.end();
		client.resume();
		const timer = setTimeout(() => client.destroy(), lingerMs);
		client.once("close", () => clearTimeout(timer));
	}

	#report(): void {
		if (this.#isReported) return;
		this.#isReported = true;
		this.#owner.ended(this, this.#machine.record());
	}
}

function destroyAll(sockets: readonly (Socket | undefined)[]): void {
	for (const socket of sockets) socket?.destroy();
}

/** The session is over; nobody is left to be told. */
function ignoreLateError(): void {}

/** Whatever the client still sends: a timeout of the socket would begin anew with each octet. */
const lingerMs = 2_000;
