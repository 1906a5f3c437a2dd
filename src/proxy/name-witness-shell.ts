/**
 * Looks at the certificate of servers whose sessions are relayed untouched because of the name that the client asked for
 * (`sni-trust trust-exempt-sni`): over a connection of its own, beside the session. A server that does not bear the name
 * is an event; who names an exempt server to reach another is seen by it (N5).
 *
 * Bounds: one look for each address, port and name within `keepMs`; `maxKnown` are remembered; at most `maxLooks` at once,
 * more are left out until the next session.
 */
import type { SecureContext } from "node:tls";
import { formatAddress } from "#base/address.ts";
import { BoundedMap } from "#base/bounded.ts";
import { decodeCertificate } from "#pki/certificate.ts";
import { verifyName } from "#pki/verify-name.ts";
import { Dial } from "#proxy/dial-shell.ts";
import type { SessionEffect } from "#proxy/session-event.ts";
import { type GatewayEvent, gatewayEvent } from "#telemetry/event-table.ts";
import { startServerTls } from "#tls/engine-shell.ts";
import { gradeLegs } from "#tls/leg-settings.ts";
import { type LegContextOptions, serverLegOptions } from "#tls/profile.ts";

type Look = Extract<SessionEffect, { type: "witness-name" }>;

export class NameWitness {
	readonly #known = new BoundedMap<string, number>(maxKnown);
	readonly #context: (options: LegContextOptions, key: string) => SecureContext;
	readonly #tell: (event: GatewayEvent) => void;
	#looks = 0;

	/** `context` makes, or has, the TLS context of these options. */
	constructor(
		context: (options: LegContextOptions, key: string) => SecureContext,
		tell: (event: GatewayEvent) => void,
	) {
		this.#context = context;
		this.#tell = tell;
	}

	look(look: Look, now: number): void {
		const key = `${formatAddress(look.address)} ${look.port} ${look.name}`;
		const until = this.#known.get(key);
		if ((until !== undefined && until > now) || this.#looks >= maxLooks) return;
		// What the client could not agree on with its server need not be looked at.
		const leg = serverLegOptions(look.hello, gradeLegs("legacy"));
		if (leg.kind === "refused") return;
		this.#known.set(key, now + keepMs);
		this.#looks++;
		const done = (): void => void this.#looks--;
		new Dial([look.address], look.port, dialMs, {
			failed: done,
			connected: (transport) => {
				const timer = setTimeout(() => transport.destroy(), handshakeMs);
				const end = (): void => {
					clearTimeout(timer);
					done();
					setImmediate(() => transport.destroy());
				};
				transport.on("error", () => undefined);
				const { serverName, alpn } = leg;
				const start = {
					context: this.#context(leg.context, leg.contextKey),
					serverName,
					alpn,
					session: undefined,
					onSession: undefined,
				};
				startServerTls(transport, start, {
					failed: end,
					secured: (socket) => {
						socket.on("error", () => undefined);
						this.#judge(look, socket.getPeerX509Certificate()?.raw);
						end();
					},
				});
			},
		});
	}

	#judge({ address, port, name, rule }: Look, der: Uint8Array | undefined): void {
		const decoded = der === undefined ? undefined : decodeCertificate(der);
		const verdict = decoded?.kind === "done" ? verifyName(decoded.value.typed.subjectAltName, name) : undefined;
		if (verdict?.kind === "match") return;
		const presented = verdict?.presented ?? [];
		const server = formatAddress(address);
		this.#tell(gatewayEvent("EXEMPT_NAME_MISMATCH", Date.now(), { name, server, port, rule, presented }));
	}
}

const maxKnown = 4_096;
const maxLooks = 16;
const keepMs = 3_600_000;
const dialMs = 5_000;
const handshakeMs = 5_000;
