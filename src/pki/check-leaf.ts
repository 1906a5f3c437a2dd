/**
 * What the holder of a CA key checks before it signs for a worker: that the request is a server leaf and nothing more.
 * A worker that was taken over cannot make itself a CA, a client certificate or a certificate outside the CA's dates.
 *
 * Source: RFC 5280 §4.2; security checklist M2-M5, N2.
 */
import { equalBytes } from "#base/bytes.ts";
import { type Certificate, decodeCertificate } from "#pki/certificate.ts";
import { type DistributionPoint, keyUsageBit } from "#pki/extensions.ts";
import { assembleCertificate, crlUrl, type MintingRules, type SigningCa } from "#pki/mint.ts";
import { extensionOid, purposeOid } from "#pki/oids.ts";
import { forbiddenName } from "#pki/signing-ca.ts";

/** The decoded leaf (its signature is not one), or the reason why it must not be signed. */
export type LeafCheck =
	| { readonly kind: "leaf"; readonly leaf: Certificate }
	| { readonly kind: "refused"; readonly reason: string };

/** Checks a TBSCertificate that a worker wants signed by `ca`. */
export function checkLeaf(
	toBeSigned: Uint8Array,
	ca: SigningCa,
	caPublicKeyInfo: Uint8Array,
	rules: MintingRules,
): LeafCheck {
	const decoded = decodeCertificate(assembleCertificate(toBeSigned, ca.scheme, noSignature));
	if (decoded.kind !== "done") {
		return refused(`it cannot be read: ${decoded.kind === "malformed" ? decoded.reason : "it is cut short"}`);
	}
	const leaf = decoded.value;
	const { typed } = leaf;
	if (leaf.version !== 3) return refused(`expected version 3, got ${leaf.version}`);
	if (!equalBytes(leaf.issuer.raw, ca.subject)) return refused("its issuer is not the CA");
	if (typed.basicConstraints === undefined || typed.basicConstraints.isCa) return refused("it must say CA:FALSE");
	if (typed.extendedKeyUsage?.length !== 1 || typed.extendedKeyUsage[0] !== purposeOid.serverAuth) {
		return refused("its extended key usage must be serverAuth alone");
	}
	const keyUsage = typed.keyUsage ?? 0;
	if (keyUsage === 0 || (keyUsage & ~serverKeyUsage) !== 0) {
		return refused("its key usage must be digitalSignature, keyEncipherment or both");
	}
	if (leaf.notBefore > leaf.notAfter) return refused("it ends before it begins");
	if (leaf.notBefore < ca.notBefore && leaf.notBefore !== leaf.notAfter) return refused("it begins before the CA");
	if (leaf.notAfter > ca.notAfter) return refused("it ends after the CA");
	if (rules.now > ca.notAfter + lastSecondMs) return refused("the CA has ended; replace it");
	if (leaf.notAfter - leaf.notBefore > rules.maximumLifetimeMs)
		return refused("it lasts longer than the policy permits");
	if (equalBytes(leaf.publicKey.raw, caPublicKeyInfo)) return refused("its key is the CA's own");
	if (equalBytes(leaf.subject.raw, ca.subject)) return refused("its subject is the CA");
	if (leaf.serial.length < minSerialOctets) return refused("its serial has less than 64 random bits");
	const foreign = leaf.extensions.find((extension) => !leafExtensions.has(extension.oid));
	if (foreign !== undefined) return refused(`extension ${foreign.oid} is not one of a leaf`);
	if (new Set(leaf.extensions.map(({ oid }) => oid)).size < leaf.extensions.length)
		return refused("an extension occurs twice");
	if (typed.crlDistributionPoints !== undefined && !namesOnly(typed.crlDistributionPoints, crlUrl(ca, rules))) {
		return refused("its revocation list is not the CA's");
	}
	const forbidden = forbiddenName(leaf, ca);
	return forbidden === undefined ? { kind: "leaf", leaf } : { kind: "refused", reason: forbidden };
}

function namesOnly(points: readonly DistributionPoint[], url: string | undefined): boolean {
	const [point, ...others] = points;
	const [name, ...names] = point?.fullName ?? [];
	const isAlone = others.length === 0 && names.length === 0 && point?.crlIssuer === undefined;
	return isAlone && name?.kind === "uri" && name.text === url;
}

function refused(reason: string): LeafCheck {
	return { kind: "refused", reason: `the certificate to sign is refused; ${reason}` };
}

const noSignature = new Uint8Array(8);
const minSerialOctets = 9;
const serverKeyUsage = keyUsageBit.digitalSignature | keyUsageBit.keyEncipherment;
const leafExtensions: ReadonlySet<string> = new Set([
	extensionOid.basicConstraints,
	extensionOid.keyUsage,
	extensionOid.extendedKeyUsage,
	extensionOid.authorityKeyIdentifier,
	extensionOid.subjectKeyIdentifier,
	extensionOid.subjectAltName,
	extensionOid.crlDistributionPoints,
]);
/** A certificate is valid through the whole last second. */
const lastSecondMs = 999;
