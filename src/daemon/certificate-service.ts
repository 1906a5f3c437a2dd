/**
 * The gateway's own certificates while it runs: each change is written, put in force at every worker, and taken back when
 * one of them refuses. Files are those of the gateway's host, relative to the state directory unless absolute.
 */
import { isAbsolute, join } from "node:path";
import { readBoundedFile, writeNewFile } from "#base/bounded-file-shell.ts";
import { isOwnCa, type KeyService } from "#daemon/key-service.ts";
import type { Certificate } from "#pki/certificate.ts";
import { decodeCertificate } from "#pki/certificate.ts";
import { type Expiry, expiryOf } from "#pki/certificate-status.ts";
import type { KeyStoreAlarm, KeyStoreChange, KeyStoreEntry } from "#pki/key-store-shell.ts";
import { LocalCertificates } from "#pki/local-certificates-shell.ts";
import { certificateUses } from "#product/certificate-uses.ts";
import type { RootConfig } from "#product/root-schema.ts";
import { type GatewayEvent, gatewayEvent } from "#telemetry/event-table.ts";

export interface CertificateServicePorts {
	readonly keys: KeyService;
	/** The state directory. */
	readonly directory: string;
	readonly config: () => RootConfig;
	/** Puts the certificates of the key store in force; rejects when those before stay. */
	readonly apply: () => Promise<void>;
	readonly event: (event: GatewayEvent) => void;
	readonly now: () => number;
}

export class CertificateService {
	readonly #ports: CertificateServicePorts;
	/** Changes come one after another. */
	#last: Promise<unknown> = Promise.resolve();
	/** When each certificate's end was told last, by fingerprint. */
	readonly #told = new Map<string, { readonly kind: Expiry["kind"]; readonly at: number }>();

	constructor(ports: CertificateServicePorts) {
		this.#ports = ports;
	}

	get entries(): readonly KeyStoreEntry[] {
		return this.#ports.keys.isOpen ? [...this.#ports.keys.store.entries.values()] : [];
	}

	/** Does one thing with certificates for somebody, and keeps a record that it was done. */
	do<T>(user: string, change: string, act: (certificates: LocalCertificates) => Promise<T>): Promise<T> {
		const { keys, now, event } = this.#ports;
		return this.#inTurn(async () => {
			const answer = await act(new LocalCertificates(keys.store, (edit) => this.#change(edit), now));
			event(gatewayEvent("KEY_STORE_ACCESSED", now(), { change, user }));
			this.tellExpiry();
			return answer;
		});
	}

	/** Names for completion. */
	names(source: string): readonly string[] {
		const fits = namesOf[source];
		return fits === undefined ? [] : this.entries.filter(fits).map(({ id }) => id);
	}

	/** What needs a certificate: the statements of the configuration in force that name it. */
	usesOf(id: string): readonly string[] {
		const uses = certificateUses(this.#ports.config()).filter((use) => use.id === id);
		const statements = uses.map(({ path, statement }) => [...path, statement].join(" "));
		return isOwnCa(id) ? [...statements, "the gateway itself"] : statements;
	}

	/** Reads a file of the gateway's host. Throws with its name. */
	read(file: string): Uint8Array {
		return readBoundedFile(this.#path(file), maxFileOctets);
	}

	/** The one line of a file. */
	readPassphrase(file: string): string {
		return Buffer.from(this.read(file))
			.toString("utf8")
			.replace(/\r?\n$/, "");
	}

	/** Writes a new file that only this user reads. */
	write(file: string, octets: string | Uint8Array): string {
		const path = this.#path(file);
		writeNewFile(path, octets, 0o600);
		return path;
	}

	/** What needs attention about certificates and keys. */
	alarms(): readonly (KeyStoreAlarm & { readonly at?: number })[] {
		const expiring = this.#expiring().map(({ entry, certificate, expiry }) => {
			const { notAfter } = certificate;
			const what = `certificate "${entry.id}"`;
			return expiry.kind === "expired"
				? { level: "Major" as const, at: notAfter, text: `${what} has expired; load a new one` }
				: { level: "Minor" as const, at: this.#ports.now(), text: `${what} expires in ${daysOf(expiry)} days` };
		});
		return [...this.#ports.keys.alarms(), ...expiring];
	}

	/** An event for each certificate that has ended or is near its end, once a day (R55, R89). */
	tellExpiry(): void {
		const { event, now } = this.#ports;
		const at = now();
		for (const { entry, certificate, expiry } of this.#expiring()) {
			const told = this.#told.get(certificate.fingerprint);
			if (told !== undefined && told.kind === expiry.kind && at - told.at < dayMs) continue;
			this.#told.set(certificate.fingerprint, { kind: expiry.kind, at });
			event(this.#expiryEvent(entry.id, certificate, expiry, at));
		}
	}

	#expiryEvent(id: string, { fingerprint: sha256, notAfter }: Certificate, expiry: Expiry, at: number): GatewayEvent {
		const isSigner = isOwnCa(id) || certificateUses(this.#ports.config()).some((use) => use.id === id && use.isSigner);
		const daysLeft = daysOf(expiry);
		if (expiry.kind === "expired")
			return isSigner
				? gatewayEvent("CA_EXPIRED", at, { ca: id, sha256, notAfter })
				: gatewayEvent("CERTIFICATE_EXPIRED", at, { certificate: id, sha256, notAfter });
		return isSigner
			? gatewayEvent("CA_EXPIRY_NEAR", at, { ca: id, sha256, notAfter, daysLeft })
			: gatewayEvent("CERTIFICATE_EXPIRY_NEAR", at, { certificate: id, sha256, notAfter, daysLeft });
	}

	/** Those that have ended or are near their end; replaced ones may end. */
	#expiring() {
		const { now, config } = this.#ports;
		const warningDays = config().security.pki.expiryWarning;
		return this.entries.flatMap((entry) => {
			const certificate = certificateIn(entry);
			if (certificate === undefined || isReplaced(entry)) return [];
			const expiry = expiryOf(certificate, now(), warningDays);
			return expiry.kind === "expired" || expiry.kind === "near" ? [{ entry, certificate, expiry }] : [];
		});
	}

	async #change(edit: KeyStoreChange): Promise<void> {
		const touched = [...(edit.remove ?? []), ...(edit.put ?? []).map(({ id }) => id)];
		const isInUse = touched.some((id) => this.usesOf(id).length > 0);
		const undo = this.#ports.keys.store.change(edit);
		if (!isInUse) return;
		try {
			await this.#ports.apply();
		} catch (error) {
			undo();
			throw error;
		}
	}

	#path(file: string): string {
		return isAbsolute(file) ? file : join(this.#ports.directory, file);
	}

	#inTurn<T>(change: () => Promise<T>): Promise<T> {
		const turn = this.#last.then(change, change);
		this.#last = turn.catch(() => undefined);
		return turn;
	}
}

/** The certificate of an entry; undefined for a key pair that has none, or one that cannot be read. */
export function certificateIn({ certificates }: KeyStoreEntry): Certificate | undefined {
	const decoded = certificates[0] === undefined ? undefined : decodeCertificate(certificates[0]);
	return decoded?.kind === "done" ? decoded.value : undefined;
}

function isReplaced({ id }: KeyStoreEntry): boolean {
	return /_REPLACED(?:-\d+)?$/.test(id);
}

function daysOf(expiry: Expiry): number {
	return expiry.kind === "near" ? expiry.daysLeft : 0;
}

const namesOf: Readonly<Record<string, (entry: KeyStoreEntry) => boolean>> = {
	"certificate-ids": () => true,
	"certificate-requests": ({ request }) => request !== undefined,
	"key-pairs": ({ key }) => key !== undefined,
	"local-certificates": ({ certificates }) => certificates.length > 0,
};
const maxFileOctets = 4_194_304;
const dayMs = 86_400_000;
