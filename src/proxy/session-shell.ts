/**
 * Drives one `SessionMachine`: owns the client's and the server's socket, performs the machine's effects and tells it
 * what happened. No decision lives here.
 */
import type { X509Certificate } from "node:crypto";
import type { Socket } from "node:net";
import type { SecureContext, TLSSocket } from "node:tls";
import { type Address, formatAddress, formatEndpoint } from "#base/address.ts";
import { fault } from "#base/fault.ts";
import type { FaultCode } from "#base/fault-table.ts";
import type { PlaintextStream } from "#inspect/plaintext-stream.ts";
import { ownIdentity } from "#onboarding/own-identity.ts";
import type { Certificate } from "#pki/certificate.ts";
import type { ChainRepair } from "#pki/chain-repair-shell.ts";
import { leafKeyClasses } from "#pki/leaf-key-class.ts";
import type { SigningCa } from "#pki/mint.ts";
import type { RevocationChecker } from "#pki/revocation-shell.ts";
import { validationProfiles } from "#pki/validation-profile.ts";
import { planClientLeg } from "#proxy/client-leg.ts";
import { Dial } from "#proxy/dial-shell.ts";
import { clientHandshakeFault, isLeafRefusal, serverHandshakeFault } from "#proxy/handshake-faults.ts";
import {
	type JudgedServer,
	maxKeptOctets,
	type ServerJudge,
	type ServerJudgement,
	type ServerQuestion,
} from "#proxy/judge-server.ts";
import type { LeafContext, LeafContexts, LeafRequest } from "#proxy/leaf-contexts-shell.ts";
import type { LearnedServer } from "#proxy/learned-bypass.ts";
import { type ProxyProfile, signingCaFor } from "#proxy/profile.ts";
import { RelayShell } from "#proxy/relay-shell.ts";
import type { Resolver } from "#proxy/resolver-shell.ts";
import { type ServerSession, type ServerSessions, serverSessionKey } from "#proxy/server-sessions.ts";
import type { SessionContext, SessionEffect, SessionEvent } from "#proxy/session-event.ts";
import { SessionMachine } from "#proxy/session-machine.ts";
import type { TrustedRoots } from "#proxy/trust-store-shell.ts";
import type { LegRecord, SessionRecord } from "#telemetry/session-record.ts";
import type { ClientHello } from "#tls/client-hello.ts";
import { acceptClientTls, startServerTls } from "#tls/engine-shell.ts";
import { type LegContextOptions, type Mismatch, serverLegOptions } from "#tls/profile.ts";

type EffectOf<T extends SessionEffect["type"]> = Extract<SessionEffect, { type: T }>;

/** What a worker lends to its sessions. */
export interface SessionResources {
	readonly resolver: Resolver;
	readonly leafContexts: LeafContexts;
	readonly serverSessions: ServerSessions<JudgedServer>;
	readonly judge: ServerJudge;
	readonly revocation: RevocationChecker;
	readonly chainRepair: ChainRepair;
	/** Called when the issuers that a server left out were fetched, and from where. */
	chainRepaired(leaf: Certificate, from: readonly string[]): void;
	/** The context of the leg to the server for these options; made once per variant. */
	serverContext(options: LegContextOptions, contextKey: string, trustStore: readonly string[]): SecureContext;
	/** The roots of a profile's `trusted-ca`. */
	trustedRoots(names: readonly string[]): TrustedRoots;
	/** The signing CA of this name. */
	signingCa(id: string): SigningCa;
	/** The inspection of a decrypted session; undefined when nothing is inspected. */
	inspect(facts: {
		readonly profile: ProxyProfile;
		readonly alpn: string | undefined;
		readonly sessionId: string;
		readonly rule: string;
	}): PlaintextStream | undefined;
	/** Called when a client did not want the leaf of a trusted server. */
	leafRefused(server: LearnedServer, client: string): void;
	/** Called once, when the session is over. */
	ended(session: SessionShell, record: SessionRecord): void;
}

export class SessionShell {
	readonly #machine: SessionMachine;
	readonly #resources: SessionResources;
	readonly #context: SessionContext;
	readonly #client: Socket;
	readonly #clientAddress: string;
	#server: Socket | undefined;
	#serverAddress = "";
	#serverPort = 0;
	#sessionKey = "";
	#clientTls: TLSSocket | undefined;
	#serverTls: TLSSocket | undefined;
	#dial: Dial | undefined;
	#relay: RelayShell | undefined;
	#judged: JudgedServer | undefined;
	/** A session of the server that waits for the verdict to be kept with. */
	#newestSession: Buffer | undefined;
	#staple: Uint8Array | undefined;
	#question: ServerQuestion | undefined;
	#hello: ClientHello | undefined;
	#leafContext: SecureContext | undefined;
	/** Listens until the relay does. */
	#onServerTlsError: ((error: Error) => void) | undefined;
	/** The leaf is signed by the untrusted CA, so that the client warns. */
	#isWarning = false;
	#isReported = false;

	constructor(
		id: string,
		client: Socket,
		clientAddress: Address,
		context: SessionContext,
		resources: SessionResources,
		now: number,
	) {
		this.#client = client;
		this.#clientAddress = formatAddress(clientAddress);
		this.#context = context;
		this.#resources = resources;
		const reachedAt = formatEndpoint({ host: client.localAddress ?? "", port: client.localPort ?? 0 });
		const port = client.remotePort ?? 0;
		this.#machine = new SessionMachine(id, context, { address: clientAddress, port, reachedAt }, now);
		client.on("error", this.#onClientError);
		client.on("data", this.#onClientData);
		client.on("end", this.#onClientEnd);
		client.on("close", this.#onClientEnd);
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
		this.#server?.destroy();
	}

	/** The profile that decided; undefined when none did. */
	get profile(): ProxyProfile | undefined {
		return this.#machine.profile;
	}

	describe(): string {
		return this.#machine.describe();
	}

	readonly #onClientData = (octets: Buffer): void => this.#step({ type: "client-octets", octets });
	readonly #onClientEnd = (): void => this.#step({ type: "client-ended", why: "the client closed the connection" });
	readonly #onClientError = (error: Error): void =>
		this.#step({ type: "client-ended", why: `the connection to the client failed: ${error.message}` });

	#step(event: SessionEvent): void {
		const machine = this.#machine;
		if (machine.isClosed) return;
		for (const effect of machine.step(event, Date.now())) this.#perform(effect);
		if (machine.isClosed) return this.#report();
		if (this.#relay !== undefined || this.#clientTls !== undefined) return;
		if (machine.wantsOctets) this.#client.resume();
		else this.#client.pause();
	}

	#perform(effect: SessionEffect): void {
		switch (effect.type) {
			case "send-client":
				if (this.#client.writable) this.#client.write(effect.octets);
				return;
			case "resolve-server":
				return this.#resources.resolver.resolve(effect.host, Date.now(), (resolution) => {
					if (resolution.kind === "failed") this.#step({ type: "server-failed", fault: resolution.fault });
					else this.#step({ type: "server-resolved", addresses: resolution.addresses });
				});
			case "connect-server":
				return this.#connect(effect);
			case "start-server-tls":
				return this.#startServerTls(effect);
			case "complete-chain":
				return this.#completeChain(effect);
			case "check-revocation":
				return this.#checkRevocation(effect);
			case "prepare-context":
				return this.#prepareContext(effect);
			case "start-client-tls":
				return this.#startClientTls(effect);
			case "relay":
				return this.#startRelay(effect);
			case "prepare-own-context":
				return this.#prepareOwnContext(effect);
			case "read-plaintext":
				return this.#readPlaintext();
			case "answer-client":
				return this.#answerClient(effect.octets);
			case "close":
				return this.#close(effect.manner);
		}
	}

	#connect(effect: EffectOf<"connect-server">): void {
		const { connectMs } = this.#context.timeouts;
		this.#dial = new Dial(effect.addresses, effect.port, connectMs / 4, {
			connected: (socket, address) => {
				this.#server = socket;
				this.#serverAddress = formatAddress(address);
				this.#serverPort = effect.port;
				socket.pause();
				socket.on("error", this.#onServerError);
				this.#step({ type: "server-connected", address });
			},
			failed: (failure) => this.#step({ type: "server-failed", fault: failure }),
		});
	}

	readonly #onServerError = (error: Error): void => {
		const message = `the connection to the server failed: ${error.message}`;
		this.#step({ type: "server-failed", fault: fault("SERVER_UNREACHABLE", message, { cause: error.message }) });
	};

	#startServerTls({ hello, profile, host }: EffectOf<"start-server-tls">): void {
		const transport = this.#server as Socket;
		const { serverSessions } = this.#resources;
		this.#hello = hello;
		const leg = serverLegOptions(hello, profile.grade);
		if (leg.kind === "refused") {
			return this.#step({ type: "server-failed", fault: fault(mismatchCodes[leg.cause], leg.reason) });
		}
		const key = serverSessionKey({
			client: this.#clientAddress,
			server: this.#serverAddress,
			port: this.#serverPort,
			serverName: leg.serverName,
			host,
			trustKey: this.#trustKey(profile),
			alpn: leg.alpn,
			variant: leg.contextKey,
		});
		const earlier = profile.mayResumeSessions ? serverSessions.take(key, Date.now()) : undefined;
		this.#sessionKey = key;
		const onSession = (session: Buffer) => {
			this.#newestSession = session;
			this.#keepSession();
		};
		const keepsSessions = profile.mayResumeSessions && serverSessions.wants(key);
		const start = {
			context: this.#resources.serverContext(leg.context, leg.contextKey, profile.trustStore),
			serverName: leg.serverName,
			alpn: leg.alpn,
			session: earlier?.session,
			onStaple: profile.revocation?.asksOcsp === true ? this.#onStaple : undefined,
			onSession: keepsSessions ? onSession : undefined,
		};
		this.#serverTls = startServerTls(transport, start, {
			secured: (socket) => this.#serverSecured(socket, host, profile, earlier),
			failed: (error) => this.#step({ type: "server-failed", fault: serverHandshakeFault(host, error) }),
		});
	}

	#serverSecured(
		socket: TLSSocket,
		host: string,
		profile: ProxyProfile,
		earlier: ServerSession<JudgedServer> | undefined,
	): void {
		socket.pause();
		// It is read on although paused. A TLS 1.3 server says only now that it wants a certificate, and the runtime reports
		// that alert without closing the socket.
		this.#onServerTlsError = (error) => this.#step({ type: "server-failed", fault: serverHandshakeFault(host, error) });
		socket.on("error", this.#onServerTlsError);
		const { judge } = this.#resources;
		const now = Date.now();
		const isReused = socket.isSessionReused();
		if (earlier !== undefined) this.#resources.serverSessions.offered(this.#sessionKey, isReused);
		if (isReused && earlier !== undefined) {
			this.#judged = judge.again(earlier.judged, host, now);
			// Before TLS 1.3 a session serves many times, and no new one comes.
			if (socket.getProtocol() !== "TLSv1.3") this.#resources.serverSessions.put(this.#sessionKey, earlier, now);
		} else {
			const question = this.#questionAbout(socket, host, profile);
			const judgement: ServerJudgement =
				question === undefined
					? { kind: "unreadable", reason: "the server presented none" }
					: judge.judge(question, now);
			this.#question = question;
			if (judgement.kind === "unreadable") {
				const message = `server ${host} presented a certificate that cannot be read: ${judgement.reason}`;
				return this.#step({ type: "server-failed", fault: fault("SERVER_CERTIFICATE_MALFORMED", message) });
			}
			this.#judged = judgement.judged;
		}
		this.#keepSession();
		const leg = legRecord(socket, groupOf(socket), this.#judged.certificate);
		this.#step({ type: "server-secured", leg, verdict: this.#judged });
	}

	/** A TLS 1.2 server hands its ticket out before the handshake is told to be over, and so before the verdict. */
	#keepSession(): void {
		const session = this.#newestSession;
		const judged = this.#judged;
		if (session === undefined || judged === undefined || judged.certificate.der.length > maxKeptOctets) return;
		// Not before it is known whether the chain can be repaired.
		if (judged.isIssuerMissing && this.#machine.profile?.repairsChains === true) return;
		this.#resources.serverSessions.put(this.#sessionKey, { session, judged }, Date.now());
		this.#newestSession = undefined;
	}

	#questionAbout(socket: TLSSocket, host: string, profile: ProxyProfile): ServerQuestion | undefined {
		const certificate = socket.getPeerX509Certificate();
		if (certificate === undefined) return undefined;
		const verdict = socket.authorizationError as (Error & { code?: string }) | string | null | undefined;
		const opensslError = verdict instanceof Error ? (verdict.code ?? verdict.message) : (verdict ?? undefined);
		const { anchors, intermediates } = this.#resources.trustedRoots(profile.trustStore);
		return {
			leaf: certificate.raw,
			others: () => issuersOf(certificate),
			host,
			anchors,
			intermediates,
			trustKey: this.#trustKey(profile),
			validation: profile.validation,
			minimumKeyBits: profile.minimumKeyBits,
			opensslError,
		};
	}

	#completeChain({ timeoutMs }: EffectOf<"complete-chain">): void {
		const { judge, chainRepair, chainRepaired } = this.#resources;
		const question = this.#question as ServerQuestion;
		const { certificate: leaf } = this.#judged as JudgedServer;
		const chain = { leaf, intermediates: judge.intermediatesOf(question), anchors: question.anchors, timeoutMs };
		void chainRepair.complete(chain).then(({ certificates, from }) => {
			if (this.#machine.isClosed) return;
			const judgement = judge.judge({ ...question, fetched: certificates }, Date.now());
			if (judgement.kind === "judged") this.#judged = judgement.judged;
			const judged = this.#judged as JudgedServer;
			if (judged.isRepaired) chainRepaired(judged.certificate, from);
			this.#keepSession();
			this.#step({ type: "chain-completed", verdict: judged });
		});
	}

	/** The validation and the very certificates that vouch: what was found out under others is not used again (V21). */
	#trustKey(profile: ProxyProfile): string {
		const { validation, minimumKeyBits } = profile;
		return `${validation} ${minimumKeyBits ?? ""} ${this.#resources.trustedRoots(profile.trustStore).key}`;
	}

	readonly #onStaple = (response: Uint8Array): void => {
		this.#staple = response;
	};

	#checkRevocation({ profile, settings }: EffectOf<"check-revocation">): void {
		const { path, pathKey } = this.#judged as JudgedServer;
		const staple = this.#staple;
		this.#staple = undefined;
		const question = {
			path,
			pathKey,
			staple,
			isResumed: this.#serverTls?.isSessionReused() === true,
			anchors: this.#resources.trustedRoots(profile.trustStore).anchors,
			profile: validationProfiles[profile.validation],
			settings,
		};
		this.#resources.revocation.check(question, (verdict) => this.#step({ type: "revocation-known", verdict }));
	}

	#prepareContext({ signer, profile }: EffectOf<"prepare-context">): void {
		const { leafContexts } = this.#resources;
		const { certificate, chain } = this.#judged as JudgedServer;
		this.#isWarning = signer === "untrusted";
		const classes = leafKeyClasses(certificate.publicKey);
		if (classes.length === 0) {
			const { kind, bits } = certificate.publicKey;
			const message = `the server's key (${kind}, ${bits} bits) is below what a certificate is minted for; expected RSA of 1024 bits or a curve of 224 bits at least`;
			return this.#step({ type: "context-failed", fault: fault("SERVER_CERTIFICATE_INVALID", message) });
		}
		const leg = planClientLeg(this.#hello as ClientHello, profile.grade, profile.mayResumeSessions, classes);
		const request: LeafRequest = {
			origin: certificate,
			chain,
			signer: this.#resources.signingCa(signingCaFor(profile, signer, leg.keyClass) ?? ""),
			keyClass: leg.keyClass,
			options: leg.options,
			variant: leg.variant,
			session: this.#machine.id,
		};
		const ready = ({ context, certificateSha256 }: LeafContext) => {
			this.#leafContext = context;
			this.#step({ type: "context-ready", certificateSha256, group: leg.group });
		};
		const known = leafContexts.find(request);
		if (known !== undefined) return ready(known);
		leafContexts.get(request).then(ready, (error: Error) => {
			this.#step({ type: "context-failed", fault: fault("CERTIFICATE_SIGNING_FAILED", error.message) });
		});
	}

	#prepareOwnContext({ hello, host, signer }: EffectOf<"prepare-own-context">): void {
		this.#hello = hello;
		const ca = this.#resources.signingCa(signer);
		const origin = ownIdentity(host, ca, Date.now());
		const leg = planClientLeg(hello, "strict", false, leafKeyClasses(origin.publicKey));
		this.#resources.leafContexts
			.get({
				origin,
				chain: origin.fingerprint,
				signer: ca,
				keyClass: leg.keyClass,
				options: leg.options,
				variant: leg.variant,
				session: this.#machine.id,
			})
			.then(
				({ context, certificateSha256 }) => {
					this.#leafContext = context;
					this.#step({ type: "context-ready", certificateSha256, group: leg.group });
				},
				(error: Error) =>
					this.#step({ type: "context-failed", fault: fault("CERTIFICATE_SIGNING_FAILED", error.message) }),
			);
	}

	/** The gateway is the server of this TLS connection. */
	#readPlaintext(): void {
		const client = this.#clientTls as TLSSocket;
		const ended = (): void => this.#step({ type: "client-ended", why: "the client closed the connection" });
		client.on("error", (error) => this.#step({ type: "client-ended", why: `the client failed: ${error.message}` }));
		client.on("end", ended);
		client.on("close", ended);
		client.on("data", (octets: Buffer) => this.#step({ type: "client-plaintext", octets }));
	}

	#answerClient(octets: Uint8Array): void {
		const sent = (): void => this.#step({ type: "answer-sent" });
		const tls = this.#clientTls;
		if (tls === undefined) return void this.#client.write(octets, sent);
		tls.end(octets, sent);
	}

	#startClientTls({ helloOctets, alpn }: EffectOf<"start-client-tls">): void {
		this.#releaseClient();
		const context = this.#leafContext as SecureContext;
		const whyUntrusted = this.#isWarning ? this.#machine.distrust : undefined;
		this.#clientTls = acceptClientTls(this.#client, helloOctets, context, alpn, {
			secured: (socket) => this.#step({ type: "client-secured", leg: legRecord(socket, undefined, undefined) }),
			failed: (error) => {
				const refused = this.#isWarning || !isLeafRefusal(error) ? undefined : this.#machine.refusedServer;
				if (refused !== undefined) this.#resources.leafRefused(refused, this.#clientAddress);
				const server = this.#hello?.sni ?? this.#serverAddress;
				const failure = clientHandshakeFault(this.#clientAddress, server, error, whyUntrusted);
				this.#step({ type: "client-failed", fault: failure });
			},
		});
	}

	#startRelay({ mode, first, decision }: EffectOf<"relay">): void {
		this.#releaseClient();
		const transport = this.#server as Socket;
		transport.removeListener("error", this.#onServerError);
		if (this.#onServerTlsError !== undefined) this.#serverTls?.removeListener("error", this.#onServerTlsError);
		const isDecrypted = mode === "decrypted";
		const plaintext =
			isDecrypted && decision.action === "decrypt"
				? this.#resources.inspect({
						profile: decision.profile,
						alpn: alpnOf(this.#serverTls),
						sessionId: this.#machine.id,
						rule: decision.rule,
					})
				: undefined;
		const client = { stream: this.#clientTls ?? this.#client, transport: this.#client, peer: this.#clientAddress };
		const server = { stream: this.#serverTls ?? transport, transport, peer: this.#serverAddress };
		this.#question = undefined;
		// The hello pins the buffer it was read into.
		this.#hello = undefined;
		this.#leafContext = undefined;
		this.#relay = new RelayShell(client, server, plaintext, isDecrypted, this.#context.timeouts.idleMs, (summary) =>
			this.#step({ type: "relay-ended", summary }),
		);
		this.#relay.start(first);
	}

	/** From here on another owner reads the client's socket. */
	#releaseClient(): void {
		const client = this.#client;
		client.removeListener("data", this.#onClientData);
		client.removeListener("end", this.#onClientEnd);
		client.removeListener("close", this.#onClientEnd);
		client.removeListener("error", this.#onClientError);
	}

	#close(manner: "end" | "reset"): void {
		this.#dial?.cancel();
		// A relay closes its own sockets, at its own pace.
		if (this.#relay !== undefined) return;
		const client = this.#client;
		client.on("error", ignoreLateError);
		this.#server?.on("error", ignoreLateError);
		// The engine may be amid the read that led here; it must not be freed before that read returns.
		setImmediate(() => {
			if (manner === "reset" && !client.destroyed) client.resetAndDestroy();
			destroyAll([this.#serverTls, this.#server, this.#clientTls]);
		});
		if (this.#clientTls !== undefined || client.destroyed || manner === "reset") return;
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
		this.#resources.ended(this, this.#machine.record());
	}
}

/** What the server sent besides its certificate, and the root that OpenSSL found. */
function issuersOf(certificate: X509Certificate): Uint8Array[] {
	const issuers: Uint8Array[] = [];
	let at = certificate.issuerCertificate;
	while (at !== undefined && issuers.length < maxIssuers) {
		issuers.push(at.raw);
		at = at.issuerCertificate;
	}
	return issuers;
}

function legRecord(socket: TLSSocket, group: string | undefined, certificate: Certificate | undefined): LegRecord {
	const alpn = alpnOf(socket);
	return {
		version: socket.getProtocol() ?? "",
		cipherSuite: socket.getCipher()?.standardName ?? "",
		...(group === undefined ? {} : { group }),
		...(alpn === undefined ? {} : { alpn }),
		isResumed: socket.isSessionReused(),
		...(certificate === undefined ? {} : { certificateSha256: certificate.fingerprint }),
	};
}

function groupOf(socket: TLSSocket): string | undefined {
	const info = socket.getEphemeralKeyInfo() as { name?: string } | null;
	return info?.name === undefined ? undefined : (groupNames[info.name] ?? info.name);
}

function alpnOf(socket: TLSSocket | undefined): string | undefined {
	const chosen = socket?.alpnProtocol;
	return typeof chosen === "string" && chosen !== "" ? chosen : undefined;
}

function destroyAll(sockets: readonly (Socket | undefined)[]): void {
	for (const socket of sockets) socket?.destroy();
}

/** The session is over; nobody is left to be told. */
function ignoreLateError(): void {}

const mismatchCodes: Readonly<Record<Mismatch, FaultCode>> = {
	"versions-do-not-match": "TLS_VERSIONS_DO_NOT_MATCH",
	"ciphers-do-not-match": "TLS_CIPHERS_DO_NOT_MATCH",
	"options-not-supported": "TLS_OPTIONS_NOT_SUPPORTED",
};

/** OpenSSL's names where the field's differ. */
const groupNames: Readonly<Record<string, string>> = { prime256v1: "P-256", secp384r1: "P-384", secp521r1: "P-521" };
/** Whatever the client still sends: a timeout of the socket would begin anew with each octet. */
const lingerMs = 2_000;
const maxIssuers = 16;
