/** The connection to the server: dials, speaks TLS, has the certificate judged, and tells the session what happened. */
import type { Socket } from "node:net";
import type { TLSSocket } from "node:tls";
import { formatAddress } from "#base/address.ts";
import { fault } from "#base/fault.ts";
import type { FaultCode } from "#base/fault-table.ts";
import { validationProfiles } from "#pki/validation-profile.ts";
import { verifyName } from "#pki/verify-name.ts";
import { Dial, type DialOutcome } from "#proxy/dial-shell.ts";
import { serverHandshakeFault } from "#proxy/handshake-faults.ts";
import { type JudgedServer, maxKeptOctets, type ServerJudgement, type ServerQuestion } from "#proxy/judge-server.ts";
import { groupOf, issuersOf, legRecord, opensslErrorOf } from "#proxy/leg-record-shell.ts";
import type { OwnCertificate } from "#proxy/own-certificates.ts";
import type { ProxyProfile } from "#proxy/profile.ts";
import { type ServerSession, serverSessionKey } from "#proxy/server-sessions.ts";
import type { SessionEffect, SessionEvent } from "#proxy/session-event.ts";
import type { SessionResources } from "#proxy/session-resources-shell.ts";
import { startServerTls } from "#tls/engine-shell.ts";
import { initiatedLegOptions, type Mismatch, serverLegOptions } from "#tls/profile.ts";

type EffectOf<T extends SessionEffect["type"]> = Extract<SessionEffect, { type: T }>;

/** One session's leg to its server. Every outcome is one event to `tell`. */
export class ServerLeg {
	readonly #resources: SessionResources;
	readonly #client: () => string;
	readonly #tell: (event: SessionEvent) => void;
	#dial: Dial | undefined;
	#socket: Socket | undefined;
	#address = "";
	#port = 0;
	#tls: TLSSocket | undefined;
	#profile: ProxyProfile | undefined;
	#sessionKey = "";
	#judged: JudgedServer | undefined;
	/** A session of the server that waits for the verdict to be kept with. */
	#newestSession: Buffer | undefined;
	#staple: Uint8Array | undefined;
	#question: ServerQuestion | undefined;
	/** Listens until the relay does. */
	#onTlsError: ((error: Error) => void) | undefined;
	#isClosed = false;
	/** What the server says by itself is told. */
	#isReading = false;
	/** A certificate of a client is presented when the server asks. */
	#isPresenting = false;

	/** `client` tells the client's address: sessions of the server are kept apart by it. */
	constructor(client: () => string, resources: SessionResources, tell: (event: SessionEvent) => void) {
		this.#client = client;
		this.#resources = resources;
		this.#tell = tell;
	}

	/** Undefined before the server is connected. */
	get socket(): Socket | undefined {
		return this.#socket;
	}

	/** Undefined before, and without, a handshake. */
	get tls(): TLSSocket | undefined {
		return this.#tls;
	}

	/** The address that was connected to; empty before. */
	get address(): string {
		return this.#address;
	}

	get judged(): JudgedServer | undefined {
		return this.#judged;
	}

	connect({ addresses, port, source }: EffectOf<"connect-server">, connectMs: number): void {
		const outcome: DialOutcome = {
			connected: (socket, address) => {
				this.#socket = socket;
				this.#address = formatAddress(address);
				this.#port = port;
				socket.pause();
				socket.on("error", this.#onError);
				this.#tell({ type: "server-connected", address });
			},
			failed: (failure) => this.#tell({ type: "server-failed", fault: failure }),
		};
		const open = source === undefined ? undefined : this.#resources.socketsFrom(source);
		this.#dial = new Dial(addresses, port, connectMs / 4, outcome, open);
	}

	/** Before there is TLS. `onDrain` is called when the server takes octets again after `isFull`. */
	send(octets: Uint8Array, onDrain: () => void): void {
		const socket = this.#socket;
		if (socket?.writable !== true) return;
		const wasFull = socket.writableNeedDrain;
		if (!socket.write(octets) && !wasFull) socket.once("drain", onDrain);
	}

	/** The server does not take what is sent to it: no more is to be read of the client. */
	get isFull(): boolean {
		return this.#socket?.writableNeedDrain === true;
	}

	/** Reads on, or no more for now, while it tells what the server says by itself. */
	holdReading(isHeld: boolean): void {
		if (!this.#isReading) return;
		if (isHeld) this.#socket?.pause();
		else this.#socket?.resume();
	}

	/** Tells what the server says by itself. */
	read(): void {
		const socket = this.#socket as Socket;
		this.#isReading = true;
		socket.on("data", this.#onOctets);
		socket.on("end", this.#onEnd);
		socket.resume();
	}

	/** Reads no more: what comes belongs to TLS or to the relay. */
	leave(): void {
		const socket = this.#socket as Socket;
		socket.removeListener("data", this.#onOctets);
		this.#isReading = false;
		socket.removeListener("end", this.#onEnd);
		socket.pause();
	}

	readonly #onOctets = (octets: Buffer): void => this.#tell({ type: "server-octets", octets });
	readonly #onEnd = (): void => {
		const message = "the server ended the connection before TLS";
		this.#tell({ type: "server-failed", fault: fault("SERVER_UNREACHABLE", message) });
	};

	readonly #onError = (error: Error): void => {
		const message = `the connection to the server failed: ${error.message}`;
		this.#tell({ type: "server-failed", fault: fault("SERVER_UNREACHABLE", message, { cause: error.message }) });
	};

	startTls({ hello, profile, host }: EffectOf<"start-server-tls">): void {
		const transport = this.#socket as Socket;
		const { serverSessions } = this.#resources;
		this.#profile = profile;
		const leg =
			hello === undefined
				? initiatedLegOptions(profile.legs.server, host)
				: serverLegOptions(hello, profile.legs, !profile.downgradesHttp2);
		if (leg.kind === "refused") {
			return this.#tell({ type: "server-failed", fault: fault(mismatchCodes[leg.cause], leg.reason) });
		}
		const identity = this.#clientIdentity(profile, host);
		const variant = identity === undefined ? leg.contextKey : `${leg.contextKey} as ${identity.id}`;
		const key = serverSessionKey({
			client: this.#client(),
			server: this.#address,
			port: this.#port,
			serverName: leg.serverName,
			host,
			trustKey: this.#trustKey(profile),
			alpn: leg.alpn,
			variant,
		});
		const earlier = profile.mayResumeSessions ? serverSessions.take(key, Date.now()) : undefined;
		this.#sessionKey = key;
		const onSession = (session: Buffer) => {
			this.#newestSession = session;
			this.#keepSession();
		};
		const keepsSessions = profile.mayResumeSessions && serverSessions.wants(key);
		const start = {
			context: this.#resources.serverContext(leg.context, variant, profile.trustStore, identity),
			serverName: leg.serverName,
			alpn: leg.alpn,
			session: earlier?.session,
			onStaple: profile.revocation?.asksOcsp === true ? this.#onStaple : undefined,
			onSession: keepsSessions ? onSession : undefined,
			mayRenegotiate: profile.legs.server.renegotiation !== "drop",
		};
		this.#tls = startServerTls(transport, start, {
			secured: (socket) => this.#secured(socket, host, profile, earlier),
			failed: (error) => {
				const wantsCertificate = identity === undefined && this.#tls !== undefined && asksForCertificate(this.#tls);
				this.#tell({ type: "server-failed", fault: serverHandshakeFault(host, error), wantsCertificate });
			},
		});
		this.#isPresenting = identity !== undefined;
	}

	/** The certificate to present to this server, if it asks. */
	#clientIdentity({ clientCertificates }: ProxyProfile, host: string): OwnCertificate | undefined {
		const id = clientCertificates.match(host.toLowerCase())?.value;
		return id === undefined ? undefined : this.#resources.ownCertificates.entry(id);
	}

	/** Gives the connection up and makes a fresh one to the same address. */
	reconnect({ address, port, source }: EffectOf<"reconnect-server">, connectMs: number): void {
		const [tls, socket] = [this.#tls, this.#socket];
		if (this.#onTlsError !== undefined) tls?.removeListener("error", this.#onTlsError);
		socket?.removeListener("error", this.#onError);
		for (const old of [tls, socket]) old?.on("error", () => undefined);
		this.#tls = undefined;
		this.#socket = undefined;
		this.#onTlsError = undefined;
		this.#newestSession = undefined;
		// The engine may be amid the read that led here.
		setImmediate(() => {
			tls?.destroy();
			socket?.destroy();
		});
		this.connect({ type: "connect-server", addresses: [address], port, source }, connectMs);
	}

	#secured(
		socket: TLSSocket,
		host: string,
		profile: ProxyProfile,
		earlier: ServerSession<JudgedServer> | undefined,
	): void {
		socket.pause();
		// It is read on although paused. A TLS 1.3 server says only now that it wants a certificate, and the runtime reports
		// that alert without closing the socket.
		const wantsCertificate = !this.#isPresenting && asksForCertificate(socket);
		this.#onTlsError = (error) =>
			this.#tell({ type: "server-failed", fault: serverHandshakeFault(host, error), wantsCertificate });
		socket.on("error", this.#onTlsError);
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
				return this.#tell({ type: "server-failed", fault: fault("SERVER_CERTIFICATE_MALFORMED", message) });
			}
			this.#judged = judgement.judged;
		}
		this.#keepSession();
		const leg = legRecord(socket, groupOf(socket), this.#judged.certificate);
		const { typed } = this.#judged.certificate;
		const bearsName = () => verifyName(typed.subjectAltName, host).kind === "match";
		this.#tell({ type: "server-secured", leg, verdict: this.#judged, wantsCertificate, bearsName });
	}

	/** A TLS 1.2 server hands its ticket out before the handshake is told to be over, and so before the verdict. */
	#keepSession(): void {
		const session = this.#newestSession;
		const judged = this.#judged;
		if (session === undefined || judged === undefined || judged.certificate.der.length > maxKeptOctets) return;
		// Not before it is known whether the chain can be repaired.
		if (judged.isIssuerMissing && this.#profile?.repairsChains === true) return;
		this.#resources.serverSessions.put(this.#sessionKey, { session, judged }, Date.now());
		this.#newestSession = undefined;
	}

	#questionAbout(socket: TLSSocket, host: string, profile: ProxyProfile): ServerQuestion | undefined {
		const certificate = socket.getPeerX509Certificate();
		if (certificate === undefined) return undefined;
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
			opensslError: opensslErrorOf(socket),
		};
	}

	/** Fetches the issuers that the server did not send. */
	completeChain({ timeoutMs }: EffectOf<"complete-chain">): void {
		const { judge, chainRepair, chainRepaired } = this.#resources;
		const question = this.#question as ServerQuestion;
		const { certificate: leaf } = this.#judged as JudgedServer;
		const chain = { leaf, intermediates: judge.intermediatesOf(question), anchors: question.anchors, timeoutMs };
		void chainRepair.complete(chain).then(({ certificates, from }) => {
			if (this.#isClosed) return;
			const judgement = judge.judge({ ...question, fetched: certificates }, Date.now());
			if (judgement.kind === "judged") this.#judged = judgement.judged;
			const judged = this.#judged as JudgedServer;
			if (judged.isRepaired) chainRepaired(judged.certificate, from);
			this.#keepSession();
			this.#tell({ type: "chain-completed", verdict: judged });
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

	/** Asks whether a certificate of the validated path was revoked. */
	checkRevocation({ profile, settings }: EffectOf<"check-revocation">): void {
		const { path, pathKey } = this.#judged as JudgedServer;
		const staple = this.#staple;
		this.#staple = undefined;
		const question = {
			path,
			pathKey,
			staple,
			isResumed: this.#tls?.isSessionReused() === true,
			anchors: this.#resources.trustedRoots(profile.trustStore).anchors,
			profile: validationProfiles[profile.validation],
			settings,
		};
		this.#resources.revocation.check(question, (verdict) => this.#tell({ type: "revocation-known", verdict }));
	}

	/** From here on another owner reads the sockets. */
	release(): void {
		this.#socket?.removeListener("error", this.#onError);
		if (this.#onTlsError !== undefined) this.#tls?.removeListener("error", this.#onTlsError);
		this.#question = undefined;
	}

	/** No more is told. The sockets are the caller's to end. */
	close(): void {
		this.#isClosed = true;
		this.#socket?.removeListener("data", this.#onOctets);
		this.#dial?.cancel();
	}
}

/** OpenSSL compares signature schemes with those of a server at one occasion only: when it asks for a certificate. */
function asksForCertificate(socket: TLSSocket): boolean {
	try {
		return socket.getSharedSigalgs().length > 0;
	} catch {
		// A socket that failed may have given its handle up.
		return false;
	}
}

const mismatchCodes: Readonly<Record<Mismatch, FaultCode>> = {
	"versions-do-not-match": "TLS_VERSIONS_DO_NOT_MATCH",
	"ciphers-do-not-match": "TLS_CIPHERS_DO_NOT_MATCH",
	"options-not-supported": "TLS_OPTIONS_NOT_SUPPORTED",
};
