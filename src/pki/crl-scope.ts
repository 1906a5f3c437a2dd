/** Which reasons a CRL covers for a certificate at one of its distribution points (RFC 5280 §6.3.3 (b), (d), (e)). */

import type { Certificate } from "#pki/certificate.ts";
import type { Crl } from "#pki/crl.ts";
import type { DistributionPoint } from "#pki/extensions.ts";
import type { GeneralName } from "#pki/general-name.ts";
import { DistinguishedName, type NameAttribute } from "#pki/name.ts";

/** keyCompromise (bit 1) to aACompromise (bit 8), as `namedBits` counts. */
export const allReasons = 0x1fe;

/** The distribution point of a certificate that names none: its issuer, for all reasons. */
export function impliedPoint(issuer: DistinguishedName): DistributionPoint {
	const name: GeneralName = { kind: "directory", name: issuer, raw: issuer.raw };
	return { fullName: [name], relativeName: undefined, reasons: undefined, crlIssuer: undefined };
}

/** The reasons that the list covers here; 0 when it does not speak about this certificate at this point. */
export function coveredReasons(crl: Crl, point: DistributionPoint, certificate: Certificate): number {
	const scope = crl.typed.issuingDistributionPoint;
	if (!isIssuerRight(crl, point, certificate)) return 0;
	const reasons = point.reasons ?? allReasons;
	if (scope === undefined) return reasons & allReasons;
	const isCa = certificate.typed.basicConstraints?.isCa === true;
	if (scope.onlyUserCertificates && isCa) return 0;
	if (scope.onlyCaCertificates && !isCa) return 0;
	if (scope.onlyAttributeCertificates) return 0;
	if (!isNameRight(crl, point, certificate)) return 0;
	return reasons & (scope.onlySomeReasons ?? allReasons) & allReasons;
}

/** (b)(1): the CRL issuer that the point names, with an indirect list; otherwise the certificate's issuer. */
function isIssuerRight(crl: Crl, point: DistributionPoint, certificate: Certificate): boolean {
	if (point.crlIssuer === undefined) return crl.issuer.equals(certificate.issuer);
	if (crl.typed.issuingDistributionPoint?.isIndirect !== true) return false;
	return point.crlIssuer.some((name) => name.kind === "directory" && name.name.equals(crl.issuer));
}

/** (b)(2)(i): one of the names of the list's point is one of the certificate's point, or of its cRLIssuer. */
function isNameRight(crl: Crl, point: DistributionPoint, certificate: Certificate): boolean {
	const scope = crl.typed.issuingDistributionPoint;
	if (scope === undefined || (scope.fullName === undefined && scope.relativeName === undefined)) return true;
	const own = pointNames(scope, [crl.issuer]);
	const issuers = (point.crlIssuer ?? []).flatMap((name) => (name.kind === "directory" ? [name.name] : []));
	const isNamed = point.fullName !== undefined || point.relativeName !== undefined;
	const wanted = isNamed
		? pointNames(point, issuers.length > 0 ? issuers : [certificate.issuer])
		: (point.crlIssuer ?? []);
	const keys = new Set(own.map(nameKey));
	return wanted.some((name) => keys.has(nameKey(name)));
}

/** The full names, or the relative name below each of the issuers. */
function pointNames(
	point: Pick<DistributionPoint, "fullName" | "relativeName">,
	issuers: readonly DistinguishedName[],
): readonly GeneralName[] {
	const { fullName, relativeName } = point;
	if (relativeName === undefined) return fullName ?? [];
	return issuers.map((issuer) => ({ kind: "directory", name: below(issuer, relativeName), raw: issuer.raw }));
}

/** Only compared, never written: `raw` is the issuer's. */
function below(issuer: DistinguishedName, relativeName: readonly NameAttribute[]): DistinguishedName {
	return new DistinguishedName(issuer.raw, [...issuer.relativeNames, relativeName]);
}

function nameKey(name: GeneralName): string {
	if (name.kind === "directory") return `directory ${name.name.key}`;
	return Buffer.from(name.raw).toString("hex");
}
