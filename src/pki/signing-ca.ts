/**
 * What a signing CA's certificates say about the leaves below it: the chain to send, the dates and the name constraints of
 * the whole path, so that an intermediate under an enterprise root signs only what clients accept (checklist K2).
 *
 * Source: RFC 5280 §4.2.1.3, §4.2.1.9, §4.2.1.10, §4.2.1.12.
 */
import { equalBytes } from "#base/bytes.ts";
import { type Certificate, decodeCertificate } from "#pki/certificate.ts";
import { keyUsageBit, type NameConstraints } from "#pki/extensions.ts";
import type { SignatureScheme, SigningCa } from "#pki/mint.ts";
import { checkNameConstraints } from "#pki/name-constraints.ts";
import { purposeOid } from "#pki/oids.ts";

export type SigningCaAnswer =
	| { readonly kind: "ca"; readonly ca: SigningCa; readonly certificate: Certificate }
	| { readonly kind: "refused"; readonly reason: string };

/**
 * The CA of the first certificate, with those above it among the others, in any order; what does not belong to its path is
 * passed over. Certificates in DER.
 */
export function describeSigningCa(
	id: string,
	certificates: readonly Uint8Array[],
	scheme: SignatureScheme,
): SigningCaAnswer {
	const decoded = certificates.map((der) => decodeCertificate(der));
	const [first] = decoded;
	if (first?.kind !== "done") return refused("it cannot be read");
	const certificate = first.value;
	const reason = whyNoCa(certificate);
	if (reason !== undefined) return refused(reason);
	const path = pathUpwards(
		certificate,
		decoded.flatMap((answer) => (answer.kind === "done" ? [answer.value] : [])),
	);
	const { typed } = certificate;
	const root = path.find((above) => above !== certificate && above.isSelfIssued);
	const ca: SigningCa = {
		id,
		certificate: certificate.der,
		chain: path.filter(({ isSelfIssued }) => !isSelfIssued).map(({ der }) => der),
		...(root === undefined ? {} : { root: root.der }),
		subject: certificate.subject.raw,
		subjectKeyIdentifier: typed.subjectKeyIdentifier ?? new Uint8Array(0),
		notBefore: Math.max(...path.map(({ notBefore }) => notBefore)),
		notAfter: Math.min(...path.map(({ notAfter }) => notAfter)),
		scheme,
		maySignCrls: ((typed.keyUsage ?? keyUsageBit.cRLSign) & keyUsageBit.cRLSign) !== 0,
	};
	return { kind: "ca", ca, certificate };
}

/**
 * Why the name constraints of a CA, or of one above it, keep it from signing for these names; undefined when they do not.
 *
 * Bounds: `maxNameComparisons`; what would need more is forbidden.
 */
export function forbiddenName(certificate: Certificate, ca: SigningCa): string | undefined {
	const budget = { nameComparisons: maxNameComparisons };
	for (const constraints of constraintsOf(ca)) {
		const failure = checkNameConstraints(constraints, certificate, budget);
		if (failure !== undefined) return `CA "${ca.id}" may not sign for this server: ${failure.sentence}`;
	}
	return undefined;
}

function constraintsOf(ca: SigningCa): readonly NameConstraints[] {
	const known = knownConstraints.get(ca);
	if (known !== undefined) return known;
	const found = [ca.certificate, ...ca.chain].flatMap((der) => {
		const decoded = decodeCertificate(der);
		return decoded.kind === "done" ? (decoded.value.typed.nameConstraints ?? []) : [];
	});
	knownConstraints.set(ca, found);
	return found;
}

function whyNoCa({ typed }: Certificate): string | undefined {
	if (typed.basicConstraints?.isCa !== true) return "it is not a CA certificate";
	if (typed.subjectKeyIdentifier === undefined) return "it has no subjectKeyIdentifier";
	if (((typed.keyUsage ?? keyUsageBit.keyCertSign) & keyUsageBit.keyCertSign) === 0)
		return "its key usage does not let it sign certificates";
	const purposes = typed.extendedKeyUsage;
	if (purposes !== undefined && !purposes.includes(purposeOid.serverAuth) && !purposes.includes(purposeOid.any))
		return "its extended key usage leaves out servers";
	return undefined;
}

/** The certificate and its issuers, as far as they are there. */
function pathUpwards(certificate: Certificate, others: readonly Certificate[]): Certificate[] {
	const path = [certificate];
	for (let at = certificate; !at.isSelfIssued && path.length < maxPath; ) {
		const issuer = others.find((other) => !path.includes(other) && isIssuer(other, at));
		if (issuer === undefined) break;
		path.push(issuer);
		at = issuer;
	}
	return path;
}

function isIssuer(candidate: Certificate, certificate: Certificate): boolean {
	if (candidate.typed.basicConstraints?.isCa !== true || !candidate.subject.equals(certificate.issuer)) return false;
	const wanted = certificate.typed.authorityKeyIdentifier?.keyIdentifier;
	const own = candidate.typed.subjectKeyIdentifier;
	return wanted === undefined || own === undefined || equalBytes(wanted, own);
}

function refused(reason: string): SigningCaAnswer {
	return { kind: "refused", reason };
}

const knownConstraints = new WeakMap<SigningCa, readonly NameConstraints[]>();
const maxPath = 8;
/** Ten thousand names under a hundred constraints. */
const maxNameComparisons = 1_000_000;
