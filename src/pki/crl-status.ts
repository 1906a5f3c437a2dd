/**
 * What CRLs say about one certificate: full, delta and indirect lists, each within its scope (RFC 5280 §6.3).
 *
 * A list counts only when it is in its time, free of critical extensions that are not processed, and signed by a CRL
 * issuer whose own path holds and leads to the same trust anchor.
 */

import type { WorkBudget } from "#pki/build-path.ts";
import type { Certificate } from "#pki/certificate.ts";
import { dateText, findWeakKey } from "#pki/check-certificate.ts";
import type { Crl, RevokedEntry } from "#pki/crl.ts";
import { allReasons, coveredReasons, impliedPoint } from "#pki/crl-scope.ts";
import { type DistributionPoint, keyUsageBit } from "#pki/extensions.ts";
import type { DistinguishedName } from "#pki/name.ts";
import { extensionOid, purposeOid } from "#pki/oids.ts";
import type { TrustAnchors } from "#pki/trust-anchors.ts";
import type { ValidationProfile } from "#pki/validation-profile.ts";
import { verifyChain } from "#pki/verify-chain.ts";
import { type SignatureCache, signatureScheme, verifySignature, workingKeyInfo } from "#pki/verify-signature.ts";

export interface CrlQuestion {
	/** A validated path, leaf first and anchor last. */
	readonly path: readonly Certificate[];
	/** Which certificate of the path is asked about; never the anchor. */
	readonly depth: number;
	/** Complete lists and deltas, those of other issuers among them. */
	readonly crls: readonly Crl[];
	/** Certificates of CRL issuers that stand outside the path. */
	readonly issuers: readonly Certificate[];
	readonly anchors: TrustAnchors;
	/** Milliseconds since 1970. */
	readonly now: number;
	readonly profile: ValidationProfile;
	readonly cache: SignatureCache;
	readonly budget: WorkBudget;
}

export type CrlStatus =
	/** `until` is when the first of the lists that said so runs out, in milliseconds since 1970. */
	| { readonly kind: "good"; readonly until: number }
	| { readonly kind: "revoked"; readonly entry: RevokedEntry }
	/** No list, or none that counts, covers every reason. `why` names the last obstacle. */
	| { readonly kind: "undetermined"; readonly why: string };

/** Answers the question. Never throws. */
export function crlStatus(question: CrlQuestion): CrlStatus {
	return new CrlProcess(question, new Set()).run();
}

/** A CRL issuer's certificate with the key to verify with. */
interface Signer {
	readonly certificate: Certificate;
	readonly keyInfo: Uint8Array;
}

class CrlProcess {
	readonly #question: CrlQuestion;
	readonly #certificate: Certificate;
	/** Fingerprints of CRL issuers whose own status is being asked further up. */
	readonly #asked: ReadonlySet<string>;
	readonly #obstacles = new Map<Crl, string | undefined>();
	#reasons = 0;
	#until = Number.POSITIVE_INFINITY;
	#why = "no CRL of its issuer is at hand";

	constructor(question: CrlQuestion, asked: ReadonlySet<string>) {
		this.#question = question;
		this.#certificate = question.path[question.depth] as Certificate;
		this.#asked = asked;
	}

	run(): CrlStatus {
		for (const point of this.#certificate.typed.crlDistributionPoints ?? []) {
			const entry = this.#askPoint(point);
			if (entry !== undefined) return { kind: "revoked", entry };
		}
		if (this.#reasons !== allReasons) {
			const entry = this.#askPoint(impliedPoint(this.#certificate.issuer));
			if (entry !== undefined) return { kind: "revoked", entry };
		}
		return this.#reasons === allReasons
			? { kind: "good", until: this.#until }
			: { kind: "undetermined", why: this.#why };
	}

	/** §6.3.3: every complete list that speaks about this distribution point, with its delta. */
	#askPoint(point: DistributionPoint): RevokedEntry | undefined {
		for (const crl of this.#question.crls) {
			if (this.#reasons === allReasons) return undefined;
			if (crl.typed.deltaBase !== undefined) continue;
			const covered = coveredReasons(crl, point, this.#certificate) & ~this.#reasons;
			if (covered === 0) continue;
			const obstacle = this.#obstacle(crl);
			if (obstacle !== undefined) {
				this.#why = `the CRL of ${crl.issuer.shortText} ${obstacle}`;
				continue;
			}
			const entry = this.#find(crl);
			if (entry !== undefined) return entry;
			this.#reasons |= covered;
			this.#until = Math.min(this.#until, crl.nextUpdate ?? 0);
		}
		return undefined;
	}

	/** The delta speaks first; what it removes is no longer revoked (§6.3.3 (i) to (k)). */
	#find(crl: Crl): RevokedEntry | undefined {
		const { issuer, serial } = this.#certificate;
		for (const delta of this.#question.crls) {
			if (!isDeltaOf(delta, crl) || this.#obstacle(delta) !== undefined) continue;
			this.#until = Math.min(this.#until, delta.nextUpdate ?? 0);
			const entry = delta.find(issuer, serial);
			if (entry?.reason === removeFromCrl) return undefined;
			if (entry !== undefined) return entry;
		}
		const entry = crl.find(issuer, serial);
		return entry?.reason === removeFromCrl ? undefined : entry;
	}

	/** Why a list does not count; undefined when it does. Found out once for each list. */
	#obstacle(crl: Crl): string | undefined {
		if (!this.#obstacles.has(crl)) this.#obstacles.set(crl, this.#findObstacle(crl));
		return this.#obstacles.get(crl);
	}

	#findObstacle(crl: Crl): string | undefined {
		const { now, profile } = this.#question;
		if (crl.faults.length > 0) return `cannot be used: ${crl.faults[0]}`;
		if (crl.thisUpdate > now) return `is of the future: ${dateText(crl.thisUpdate)}`;
		if (crl.nextUpdate === undefined) return "does not say when the next one comes";
		if (crl.nextUpdate < now) return `is stale since ${dateText(crl.nextUpdate)}`;
		const hasNumber = crl.typed.number !== undefined && !isCriticalIn(crl, extensionOid.crlNumber);
		if (!hasNumber && profile.refuses.has("crl-number")) return "has no CRL number, or a critical one";
		const scheme = signatureScheme(crl.signatureAlgorithm);
		if (scheme === undefined || !(scheme.hash === "" || profile.hashes.has(scheme.hash))) return "is weakly signed";
		const isSigned = this.#signers(crl.issuer).some(({ certificate, keyInfo }) => {
			if (!scheme.keyKinds.includes(certificate.publicKey.kind)) return false;
			return this.#question.cache.verify(`crl ${crl.fingerprint}`, keyInfo, (key) =>
				verifySignature(scheme, key, crl.tbs, crl.signature),
			);
		});
		return isSigned ? undefined : "is not signed by a CRL issuer that can be trusted";
	}

	/** §6.3.3 (f): certificates of this name that may sign CRLs and whose path holds. */
	*#signers(name: DistinguishedName): Generator<Signer> {
		const { path, depth, issuers } = this.#question;
		let working: Uint8Array | undefined;
		const above: Signer[] = [];
		for (let index = path.length - 1; index > depth; index--) {
			const certificate = path[index] as Certificate;
			working = workingKeyInfo(certificate.publicKey, working);
			if (working !== undefined) above.push({ certificate, keyInfo: working });
		}
		for (const signer of above) {
			if (signer.certificate.subject.equals(name) && maySignCrls(signer.certificate)) yield signer;
		}
		for (const certificate of issuers) {
			if (!certificate.subject.equals(name) || !maySignCrls(certificate)) continue;
			if (this.#isTrustedOutside(certificate)) yield { certificate, keyInfo: certificate.publicKey.raw };
		}
	}

	/** A CRL issuer outside the path: its own path ends in the same anchor and none of it is revoked. */
	#isTrustedOutside(issuer: Certificate): boolean {
		const { path, issuers, anchors, now, cache, budget, profile } = this.#question;
		if (this.#asked.size >= maxNesting) return false;
		if (findWeakKey(issuer.publicKey, profile) !== undefined) return false;
		const intermediates = [...path, ...issuers];
		const found = verifyChain({
			leaf: issuer,
			intermediates,
			anchors,
			now,
			cache,
			budget,
			purpose: purposeOid.any,
			profile: issuerProfile(profile),
		});
		if (found.kind !== "trusted" || found.path.at(-1)?.fingerprint !== path.at(-1)?.fingerprint) return false;
		// Its own status is being asked further up: a list may speak about its signer, and it is the only one that does.
		if (this.#asked.has(issuer.fingerprint)) return true;
		const asked = new Set(this.#asked).add(issuer.fingerprint);
		for (let depth = 0; depth < found.path.length - 1; depth++) {
			if (path.includes(found.path[depth] as Certificate)) continue;
			const status = new CrlProcess({ ...this.#question, path: found.path, depth }, asked).run();
			if (status.kind !== "good") return false;
		}
		return true;
	}
}

/** "If a key usage extension is present in the CRL issuer's certificate, verify that the cRLSign bit is set." */
function maySignCrls({ typed }: Certificate): boolean {
	return typed.keyUsage === undefined || (typed.keyUsage & keyUsageBit.cRLSign) !== 0;
}

/** §6.3.3 (c): the same issuer, scope and key, built on this list or an older one, and newer than it. */
function isDeltaOf(delta: Crl, crl: Crl): boolean {
	const { deltaBase, number } = delta.typed;
	if (deltaBase === undefined || number === undefined || crl.typed.number === undefined) return false;
	if (!delta.issuer.equals(crl.issuer)) return false;
	if (octetText(delta.typed.issuingDistributionPoint?.raw) !== octetText(crl.typed.issuingDistributionPoint?.raw))
		return false;
	const [deltaKey, ownKey] = [delta, crl].map(({ typed }) => octetText(typed.authorityKeyIdentifier?.keyIdentifier));
	if (deltaKey !== ownKey) return false;
	return compareIntegers(deltaBase, crl.typed.number) <= 0 && compareIntegers(number, crl.typed.number) > 0;
}

/** Compares two non-negative INTEGER contents. */
function compareIntegers(a: Uint8Array, b: Uint8Array): number {
	return a.length - b.length || Buffer.compare(a, b);
}

function octetText(octets: Uint8Array | undefined): string {
	return octets === undefined ? "" : Buffer.from(octets).toString("hex");
}

function isCriticalIn(crl: Crl, oid: string): boolean {
	return crl.extensions.find((extension) => extension.oid === oid)?.isCritical === true;
}

/** The rules of form for leaves are about TLS servers; a CRL issuer keeps those about safety. */
function issuerProfile(profile: ValidationProfile): ValidationProfile {
	const refuses = new Set([...profile.refuses].filter((code) => !code.startsWith("leaf-")));
	return { ...profile, name: `${profile.name} (CRL issuer)`, refuses };
}

/** CRLReason removeFromCRL (RFC 5280 §5.3.1). */
const removeFromCrl = 8;
/** CRL issuers that vouch for CRL issuers, at most. */
const maxNesting = 3;
