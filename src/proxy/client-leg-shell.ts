/** The TLS of the client's side: prepares the certificate's context and answers the ClientHello. */
import type { Socket } from "node:net";
import type { SecureContext, TLSSocket } from "node:tls";
import { formatAddress } from "#base/address.ts";
import { fault } from "#base/fault.ts";
import { ownIdentity } from "#onboarding/own-identity.ts";
import type { Certificate } from "#pki/certificate.ts";
import { leafKeyClasses } from "#pki/leaf-key-class.ts";
import { planClientLeg, takesKeyOf } from "#proxy/client-leg.ts";
import { clientHandshakeFault, echNotAccepted, isClosedByPeer, isLeafRefusal } from "#proxy/handshake-faults.ts";
import { judgeClient } from "#proxy/judge-client.ts";
import type { JudgedServer } from "#proxy/judge-server.ts";
import type { LeafContext, LeafRequest } from "#proxy/leaf-contexts-shell.ts";
import { issuersOf, legRecord } from "#proxy/leg-record-shell.ts";
import { type ClientAuthentication, signingCaFor } from "#proxy/profile.ts";
import type { SessionEffect, SessionEvent } from "#proxy/session-event.ts";
import type { SessionMachine } from "#proxy/session-machine.ts";
import type { SessionResources } from "#proxy/session-resources-shell.ts";
import type { TrustedRoots } from "#proxy/trust-store-shell.ts";
import type { ClientHello } from "#tls/client-hello.ts";
import { acceptClientTls, type HandshakeOutcome } from "#tls/engine-shell.ts";
import { gradeLegs } from "#tls/leg-settings.ts";

type EffectOf<T extends SessionEffect["type"]> = Extract<SessionEffect, { type: T }>;

/** One session's leg to its client. Every outcome is one event to `tell`. */
export class ClientLeg {
	readonly #resources: SessionResources;
	readonly #machine: SessionMachine;
	readonly #tell: (event: SessionEvent) => void;
	#hello: ClientHello | undefined;
	#leafContext: SecureContext | undefined;
	/** The leaf is signed by the untrusted CA, so that the client warns. */
	#isWarning = false;
	/** The certificate of one's own that is shown instead of a leaf. */
	#ownCertificate: string | undefined;
	/** The OCSP response that goes with it to a client that asks. */
	#staple: Uint8Array | undefined;
	#mayRenegotiate = false;
	#tls: TLSSocket | undefined;

	constructor(machine: SessionMachine, resources: SessionResources, tell: (event: SessionEvent) => void) {
		this.#machine = machine;
		this.#resources = resources;
		this.#tell = tell;
	}

	get #clientAddress(): string {
		return formatAddress(this.#machine.facts.client.address);
	}

	/** Undefined before the handshake begins. */
	get tls(): TLSSocket | undefined {
		return this.#tls;
	}

	/** The certificate of one's own that the client is shown; undefined when it is a leaf. */
	get ownCertificate(): Certificate | undefined {
		return this.#resources.ownCertificates.leaf(this.#ownCertificate ?? "");
	}

	/** The context of a leaf that stands for the server. */
	prepareContext({ hello, signer, profile }: EffectOf<"prepare-context">, judged: JudgedServer): void {
		this.#hello = hello;
		this.#mayRenegotiate = profile.legs.client.renegotiation !== "drop";
		const { leafContexts } = this.#resources;
		const { certificate, chain } = judged;
		this.#isWarning = signer === "untrusted";
		const classes = leafKeyClasses(certificate.publicKey);
		if (classes.length === 0) {
			const { kind, bits } = certificate.publicKey;
			const message = `the server's key (${kind}, ${bits} bits) is below what a certificate is minted for; expected RSA of 1024 bits or a curve of 224 bits at least`;
			return this.#tell({ type: "context-failed", fault: fault("SERVER_CERTIFICATE_INVALID", message) });
		}
		const leg = planClientLeg(hello, profile.legs.client, profile.mayResumeSessions, classes);
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
			this.#tell({ type: "context-ready", certificateSha256, group: leg.group });
		};
		const known = leafContexts.find(request);
		if (known !== undefined) return ready(known);
		leafContexts.get(request).then(ready, (error: Error) => {
			this.#tell({ type: "context-failed", fault: fault("CERTIFICATE_SIGNING_FAILED", error.message) });
		});
	}

	/** The context of a certificate of one's own: of several for a name, the first whose key the client takes. */
	prepareOwnCertificate({ hello, ids, profile }: EffectOf<"prepare-own-certificate">): void {
		this.#hello = hello;
		this.#mayRenegotiate = profile.legs.client.renegotiation !== "drop";
		const { ownCertificates, ownContext } = this.#resources;
		const known = ids.flatMap((id) => ownCertificates.leaf(id) ?? []);
		const index = Math.max(
			0,
			known.findIndex((leaf) => takesKeyOf(hello, profile.legs.client, leaf.publicKey)),
		);
		const leaf = known[index];
		const entry = ownCertificates.entry(ids[index] ?? "");
		if (leaf === undefined || entry === undefined) {
			const message = `certificate ${ids.join(", ")} of profile ${profile.name} is not there or cannot be read; load it anew`;
			return this.#tell({ type: "context-failed", fault: fault("CERTIFICATE_SIGNING_FAILED", message) });
		}
		this.#ownCertificate = entry.id;
		this.#staple = profile.staples ? this.#resources.staple(entry.id) : undefined;
		const leg = planClientLeg(hello, profile.legs.client, profile.mayResumeSessions, leafKeyClasses(leaf.publicKey));
		try {
			const roots = this.#clientRoots(profile.clientAuthentication);
			const asks = roots === undefined ? {} : { ca: [...roots.pem] };
			const variant = roots === undefined ? leg.variant : `${leg.variant} clients ${roots.key}`;
			this.#leafContext = ownContext(entry, { ...leg.options, ...asks }, variant);
		} catch (error) {
			const message = `certificate ${entry.id} cannot be used: ${(error as Error).message}`;
			return this.#tell({ type: "context-failed", fault: fault("CERTIFICATE_SIGNING_FAILED", message) });
		}
		this.#tell({ type: "context-ready", certificateSha256: leaf.fingerprint, group: leg.group });
	}

	/** The context of the gateway's own TLS end. */
	prepareOwnContext({ hello, host, signer }: EffectOf<"prepare-own-context">): void {
		this.#hello = hello;
		const ca = this.#resources.signingCa(signer);
		const origin = ownIdentity(host, ca, Date.now());
		const leg = planClientLeg(hello, gradeLegs("strict").client, false, leafKeyClasses(origin.publicKey));
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
					this.#tell({ type: "context-ready", certificateSha256, group: leg.group });
				},
				(error: Error) =>
					this.#tell({ type: "context-failed", fault: fault("CERTIFICATE_SIGNING_FAILED", error.message) }),
			);
	}

	/** Answers the ClientHello. `server` is how the fault calls the server that gave no name. */
	startTls({ helloOctets, alpn, clients }: EffectOf<"start-client-tls">, socket: Socket, server: string): void {
		const context = this.#leafContext as SecureContext;
		const whyUntrusted = this.#isWarning ? this.#machine.distrust : undefined;
		const outcome: HandshakeOutcome = {
			secured: (secured) => this.#secured(secured, clients),
			failed: (error) => {
				const own = this.#ownCertificate;
				const { ech } = this.#machine;
				const mayHide = this.#hello?.hasEch === true && ech !== "grease";
				const mayTeach = !this.#isWarning && own === undefined && isLeafRefusal(error, mayHide);
				const refused = mayTeach ? this.#machine.refusedServer : undefined;
				if (refused !== undefined) this.#resources.leafRefused(refused, this.#clientAddress);
				const name = this.#hello?.sni ?? server;
				const failure =
					ech === "real" && isClosedByPeer(error)
						? echNotAccepted(this.#clientAddress, name)
						: clientHandshakeFault(this.#clientAddress, name, error, whyUntrusted, own);
				this.#tell({ type: "client-failed", fault: failure });
			},
		};
		this.#tls = acceptClientTls(socket, helloOctets, context, alpn, outcome, {
			clients,
			staple: this.#staple,
			mayRenegotiate: this.#mayRenegotiate,
		});
	}

	/** Whom the client has proved to be belongs to the outcome. */
	#secured(socket: TLSSocket, clients: ClientAuthentication | undefined): void {
		const leg = legRecord(socket, undefined, undefined);
		const roots = this.#clientRoots(clients);
		const certificate = roots === undefined ? undefined : socket.getPeerX509Certificate();
		if (roots === undefined || (certificate === undefined && clients?.isRequired !== true))
			return this.#tell({ type: "client-secured", leg });
		const presented = certificate === undefined ? [] : [certificate.raw, ...issuersOf(certificate)];
		const judgement = judgeClient(presented, roots.anchors, roots.intermediates, Date.now());
		if (judgement.kind === "proved") return this.#tell({ type: "client-secured", leg, identity: judgement.identity });
		const message = `client ${this.#clientAddress} is refused; ${judgement.reason}; have it present a certificate of an authority in client-authentication trusted-ca`;
		this.#tell({ type: "client-failed", fault: fault("CLIENT_CERTIFICATE_REFUSED", message) });
	}

	#clientRoots(clients: ClientAuthentication | undefined): TrustedRoots | undefined {
		return clients === undefined ? undefined : this.#resources.trustedRoots(clients.trustStore);
	}

	/** What only the handshake needed is let go: the hello pins the buffer it was read into. */
	release(): void {
		this.#hello = undefined;
		this.#leafContext = undefined;
		this.#staple = undefined;
	}
}
