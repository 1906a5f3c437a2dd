/**
 * TLS sessions of the server leg, to resume the next connections of the same client to the same server.
 *
 * A session is never shared between client addresses: resumption must not let a server link two clients (checklist M16).
 *
 * Bounds: `capacity` servers and clients in pairs, `maxPerKey` sessions each; a session is used once (RFC 8446 §C.4).
 */
import { BoundedMap } from "#base/bounded.ts";

/** A session with what was found out about its server when it was full. `T` is the judged certificate. */
export interface ServerSession<T> {
	readonly session: Buffer;
	readonly judged: T;
	/** Set once it was kept: until when it may be resumed, milliseconds since 1970. Put back, it keeps its end. */
	readonly until?: number;
}

interface Kept<T> extends ServerSession<T> {
	readonly until: number;
}

interface Slot<T> {
	readonly sessions: Kept<T>[];
	/** How often in a row the server did not take a session that it had handed out. */
	refusals: number;
}

export class ServerSessions<T> {
	readonly #slots: BoundedMap<string, Slot<T>>;
	/** How long a session may be resumed, for those put from now on. */
	lifetimeMs = 3_600_000;

	constructor(capacity: number) {
		this.#slots = new BoundedMap(capacity);
	}

	/** Removes and returns the newest session for this key. `now` in milliseconds since 1970. */
	take(key: string, now: number): ServerSession<T> | undefined {
		const slot = this.#slots.get(key);
		const newest = slot?.sessions.pop();
		if (newest === undefined || newest.until > now) return newest;
		// Those before it are older still.
		if (slot !== undefined) slot.sessions.length = 0;
		return undefined;
	}

	/** False for a server that never takes its sessions back. */
	wants(key: string): boolean {
		return (this.#slots.get(key)?.refusals ?? 0) < maxRefusals;
	}

	/** Keeps a session, unless the server never takes one back: offering it costs both sides and gains nothing. */
	put(key: string, session: ServerSession<T>, now: number): void {
		let slot = this.#slots.get(key);
		if (slot === undefined) {
			slot = { sessions: [], refusals: 0 };
			this.#slots.set(key, slot);
		}
		if (slot.refusals >= maxRefusals) return;
		slot.sessions.push({ ...session, until: session.until ?? now + this.lifetimeMs });
		if (slot.sessions.length > maxPerKey) slot.sessions.shift();
	}

	/** Notes whether the server took the session that it was offered. */
	offered(key: string, isTaken: boolean): void {
		const slot = this.#slots.get(key);
		if (slot === undefined) return;
		slot.refusals = isTaken ? 0 : slot.refusals + 1;
		if (slot.refusals >= maxRefusals) slot.sessions.length = 0;
	}

	clear(): void {
		this.#slots.clear();
	}
}

/**
 * The key: client, server endpoint, the name sent, the protocols offered and the options of the leg; and, since the
 * verdict is kept with the session, the host and the trust that it was given for. A client that sends no name asks for
 * different hosts at one address.
 */
export function serverSessionKey(parts: {
	readonly client: string;
	readonly server: string;
	readonly port: number;
	readonly serverName: string | undefined;
	/** The host that the certificate was verified for. */
	readonly host: string;
	/** Names the trust anchors and the validation profile. */
	readonly trustKey: string;
	readonly alpn: readonly string[];
	readonly variant: string;
}): string {
	const { client, server, port, serverName, host, trustKey, alpn, variant } = parts;
	return `${client} ${server} ${port} ${serverName ?? "-"} ${host} ${alpn.join(",")} ${variant} ${trustKey}`;
}

/** A browser opens six connections to a server at a time; each may bring two tickets. */
const maxPerKey = 8;
const maxRefusals = 3;
