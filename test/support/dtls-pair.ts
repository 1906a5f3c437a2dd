/** A client and a server of DTLS with one virtual clock and a network between them that loses, doubles and reorders datagrams. */
import { createPrivateKey } from "node:crypto";
import type { DtlsEnd } from "#dtls/association.ts";
import { DtlsClient, type DtlsClientSettings } from "#dtls/client-machine.ts";
import { CookieJar } from "#dtls/cookie.ts";
import type { DtlsOutcome } from "#dtls/handshake-result.ts";
import { dtlsGroups } from "#dtls/key-agreement.ts";
import { DtlsServer, type DtlsServerSettings } from "#dtls/server-machine.ts";
import { dtlsSchemes, type Identity, identityOf, peerKeyOf } from "#dtls/signature.ts";
import { dtlsSuites } from "#dtls/suite.ts";
import { pemCertificates } from "#pki/pem.ts";
import type { Identity as PemIdentity } from "./origins.ts";
import { seededRandom } from "./seeded-random.ts";

/** What becomes of one datagram: the delays, in milliseconds, of each copy that arrives; none for a loss. */
export type Fate = readonly number[];

/** All that one end was told. */
export class End {
	readonly sent: Uint8Array[] = [];
	readonly data: string[] = [];
	outcome: DtlsOutcome | undefined;
	end: DtlsEnd | undefined;
	chain: readonly Uint8Array[] | undefined;
}

export interface PairSettings {
	readonly identities: readonly Identity[];
	readonly client?: Partial<DtlsClientSettings>;
	readonly server?: Partial<DtlsServerSettings>;
	readonly alpn?: string;
	/** The fate of the nth datagram of all. */
	readonly fate?: (index: number) => Fate;
	/** The verdict of the client on the server's certificates. */
	readonly isTrusted?: boolean;
}

export function dtlsIdentity({ cert, key }: PemIdentity): Identity {
	const identity = identityOf(pemCertificates(cert), createPrivateKey(key));
	if (identity === undefined) throw new Error("a key that DTLS does not have");
	return identity;
}

export class DtlsPair {
	now = 0;
	readonly client: DtlsClient;
	readonly server: DtlsServer;
	readonly atClient = new End();
	readonly atServer = new End();
	readonly #fate: (index: number) => Fate;
	#onTheWay: { at: number; order: number; to: "client" | "server"; datagram: Uint8Array }[] = [];
	#count = 0;

	constructor(settings: PairSettings, seed = 1) {
		this.#fate = settings.fate ?? (() => [1]);
		const octets = seededRandom(`${seed}`);
		const common = {
			suites: dtlsSuites.map(({ code }) => code),
			groups: dtlsGroups,
			schemes: dtlsSchemes,
			maxDatagram: 1_200,
			random: octets,
			peerKey: peerKeyOf,
		};
		const { atClient, atServer } = this;
		this.server = new DtlsServer(
			{
				...common,
				asksForCertificate: false,
				cookies: new CookieJar(octets, 0),
				client: "192.0.2.7 40000",
				...settings.server,
			},
			{
				send: (datagram) => this.#send(atServer, "client", datagram),
				hello: (_, now) => this.server.answer(settings.identities, settings.alpn, now),
				judgeClient: (chain) => {
					atServer.chain = chain;
					return undefined;
				},
				established: (outcome) => {
					atServer.outcome = outcome;
				},
				data: (plaintext) => void atServer.data.push(Buffer.from(plaintext).toString()),
				ended: (end) => {
					atServer.end = end;
				},
			},
		);
		this.client = new DtlsClient(
			{ ...common, alpn: [], serverName: "app.test", identity: undefined, ...settings.client },
			{
				send: (datagram) => this.#send(atClient, "server", datagram),
				certificates: (chain, now) => {
					atClient.chain = chain;
					if (settings.isTrusted === false) this.client.refuse("unknown_ca", "not trusted", now);
					else this.client.accept(now);
				},
				established: (outcome) => {
					atClient.outcome = outcome;
				},
				data: (plaintext) => void atClient.data.push(Buffer.from(plaintext).toString()),
				ended: (end) => {
					atClient.end = end;
				},
			},
		);
	}

	/** Begins, and lets time pass until nothing is left to happen. */
	run(untilMs = 300_000): this {
		this.client.start(this.now);
		this.settle(untilMs);
		return this;
	}

	settle(untilMs = 300_000): void {
		for (;;) {
			this.#onTheWay.sort((a, b) => a.at - b.at || a.order - b.order);
			const next = this.#onTheWay[0];
			const due = Math.min(next?.at ?? Number.POSITIVE_INFINITY, this.client.deadline, this.server.deadline);
			if (due > untilMs) return;
			this.now = Math.max(this.now, due);
			if (next !== undefined && next.at <= this.now) {
				this.#onTheWay.shift();
				this[next.to].receive(next.datagram, this.now);
				continue;
			}
			this.client.tick(this.now);
			this.server.tick(this.now);
		}
	}

	/** Gives a datagram of anybody to one end. */
	inject(to: "client" | "server", datagram: Uint8Array): void {
		this[to].receive(datagram, this.now);
	}

	#send(end: End, to: "client" | "server", datagram: Uint8Array): void {
		end.sent.push(datagram);
		for (const delay of this.#fate(this.#count)) {
			this.#onTheWay.push({ at: this.now + delay, order: this.#count, to, datagram });
		}
		this.#count++;
	}
}
