/**
 * Revocation lists of authorities: those that the operator loads, and what workers tell of those that they fetched.
 *
 *   crl/loaded/NAME.crl   the list of CA profile NAME, DER
 *
 * Loaded files are decoded here, as the operator's other files are; what was fetched stays in the workers.
 */
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { isAbsolute, join } from "node:path";
import { BoundedMap } from "#base/bounded.ts";
import { readBoundedFile } from "#base/bounded-file-shell.ts";
import type { FetchedListFacts } from "#daemon/worker-protocol.ts";
import type { Certificate } from "#pki/certificate.ts";
import { type Crl, decodeCrl } from "#pki/crl.ts";
import { pemDer } from "#pki/pem.ts";
import { caName, type PkiConfig } from "#pki/schema.ts";
import { importKey, signatureScheme, verifySignature } from "#pki/verify-signature.ts";

export interface CrlServicePorts {
	readonly directory: string;
	readonly config: () => PkiConfig;
	/** The certificates of a CA profile. */
	readonly certificates: (profile: string) => readonly Certificate[];
	/** Brings the lists to every worker; rejects when those before stay. */
	readonly apply: () => Promise<void>;
	/** Has every worker forget what it fetched. */
	readonly forgetFetched: () => void;
	readonly report: (change: string, user: string) => void;
}

/** A list of a CA profile. */
export interface LoadedList {
	readonly profile: string;
	readonly crl: Crl;
}

export class CrlService {
	readonly #ports: CrlServicePorts;
	readonly #loaded: Map<string, Crl>;
	/** By address. */
	readonly #fetched = new BoundedMap<string, FetchedListFacts>(maxFetched);

	/** Reads what was loaded before; files that cannot be read are passed over, and `unreadable` names them. */
	constructor(ports: CrlServicePorts, unreadable: (file: string, why: string) => void) {
		this.#ports = ports;
		mkdirSync(ports.directory, { recursive: true, mode: 0o700 });
		this.#loaded = new Map();
		for (const file of readdirSync(ports.directory)
			.filter((name) => name.endsWith(suffix))
			.sort()) {
			const list = readList(readFileSync(join(ports.directory, file)));
			if (typeof list === "string") unreadable(join(ports.directory, file), list);
			else this.#loaded.set(file.slice(0, -suffix.length), list);
		}
	}

	/** What workers are given, DER. */
	current(): readonly Uint8Array[] {
		return [...this.#loaded.values()].map(({ der }) => der);
	}

	loaded(): readonly LoadedList[] {
		return [...this.#loaded].map(([profile, crl]) => ({ profile, crl }));
	}

	fetched(): readonly FetchedListFacts[] {
		return [...this.#fetched.values()];
	}

	/** A worker fetched a list. One that was taken over may say anything. */
	note(list: FetchedListFacts): void {
		const { url, issuer, thisUpdate, nextUpdate = 0 } = list;
		if (![thisUpdate, nextUpdate].every((time) => Math.abs(time) < latestTime)) return;
		this.#fetched.set(url.slice(0, maxText), { ...list, url: url.slice(0, maxText), issuer: issuer.slice(0, maxText) });
	}

	/**
	 * Loads a file as the list of a CA profile, in place of the one before.
	 *
	 * Faults: throws when the profile holds no certificate, or the file is no list that one of its certificates signed.
	 */
	async load(profile: string, file: string, user: string): Promise<Crl> {
		const { caProfile } = this.#ports.config().security.pki;
		if (!caProfile.has(profile) || !caName.parse(profile).ok)
			throw new Error(
				`ca-profile "${profile}" is not configured; set security pki ca-profile NAME ca-identity ID first`,
			);
		const certificates = this.#ports.certificates(profile);
		if (certificates.length === 0)
			throw new Error(`ca-profile "${profile}" holds no certificate; load its CA certificate first`);
		const crl = readList(readFile(file));
		if (typeof crl === "string") throw new Error(`${file} cannot be used: ${crl}`);
		if (!certificates.some((certificate) => isSigner(certificate, crl)))
			throw new Error(
				`${file} cannot be used: the list of ${crl.issuer.text} is not signed by a certificate of ca-profile "${profile}"`,
			);
		const before = this.#loaded.get(profile);
		this.#write(profile, crl);
		try {
			await this.#ports.apply();
		} catch (error) {
			this.#write(profile, before);
			throw error;
		}
		this.#ports.report(`the revocation list of ca-profile ${profile} was loaded from ${file}`, user);
		return crl;
	}

	/** Deletes the list of a CA profile; without a name all of them, and what was fetched. Answers how many were loaded. */
	async clear(profile: string | undefined, user: string): Promise<number> {
		const names = profile === undefined ? [...this.#loaded.keys()] : [profile];
		const before = names.map((name) => [name, this.#loaded.get(name)] as const);
		if (profile !== undefined && before[0]?.[1] === undefined)
			throw new Error(`no revocation list is loaded for ca-profile "${profile}"`);
		for (const name of names) this.#write(name, undefined);
		try {
			await this.#ports.apply();
		} catch (error) {
			for (const [name, crl] of before) this.#write(name, crl);
			throw error;
		}
		if (profile === undefined) {
			this.#fetched.clear();
			this.#ports.forgetFetched();
		}
		for (const name of names) this.#ports.report(`the revocation list of ca-profile ${name} was cleared`, user);
		return names.length;
	}

	#write(profile: string, crl: Crl | undefined): void {
		const path = join(this.#ports.directory, `${profile}${suffix}`);
		if (crl === undefined) {
			this.#loaded.delete(profile);
			rmSync(path, { force: true });
			return;
		}
		writeFileSync(`${path}.new`, crl.der, { mode: 0o600 });
		renameSync(`${path}.new`, path);
		this.#loaded.set(profile, crl);
	}
}

function isSigner({ subject, publicKey }: Certificate, crl: Crl): boolean {
	const scheme = signatureScheme(crl.signatureAlgorithm);
	if (scheme === undefined || !scheme.keyKinds.includes(publicKey.kind) || !subject.equals(crl.issuer)) return false;
	const key = importKey(publicKey.raw);
	return key !== undefined && verifySignature(scheme, key, crl.tbs, crl.signature);
}

function readFile(file: string): Uint8Array {
	if (!isAbsolute(file)) throw new Error(`${file}: expected the absolute path of a file on the gateway`);
	return readBoundedFile(file, maxFileOctets);
}

/** The list, or why it is none that can be used. */
function readList(octets: Uint8Array): Crl | string {
	const decoded = decodeCrl(pemDer(octets, "X509 CRL") ?? octets);
	if (decoded.kind !== "done") return decoded.kind === "malformed" ? decoded.reason : "it is cut short";
	return decoded.value.faults[0] ?? decoded.value;
}

const suffix = ".crl";
const maxFileOctets = 33_554_432;
const maxFetched = 256;
const maxText = 512;
/** The largest time a Date holds (ECMA-262 §21.4.1.1). */
const latestTime = 8_640_000_000_000_000;
