/** What the configuration says about revocation, ready for use. */
import type { Prefix } from "#base/address.ts";
import type { AuthorityRevocation } from "#pki/revocation-settings.ts";
import type { PkiConfig } from "#pki/schema.ts";

export interface RevocationPlan {
	/** By the name of the CA profile. */
	readonly authorities: ReadonlyMap<string, AuthorityRevocation>;
	/** Networks that may be fetched from although they are not public. */
	readonly permittedNetworks: readonly Prefix[];
}

export function compileRevocation({ security: { pki } }: PkiConfig): RevocationPlan {
	const authorities = new Map<string, AuthorityRevocation>();
	for (const [name, { revocationCheck }] of pki.caProfile) authorities.set(name, compileAuthority(revocationCheck));
	return {
		authorities,
		permittedNetworks: pki.fetchPermittedNetworks,
	};
}

type RevocationCheck = NonNullable<ReturnType<PkiConfig["security"]["pki"]["caProfile"]["get"]>>["revocationCheck"];

function compileAuthority({ disable, useCrl, useOcsp, crl, ocsp }: RevocationCheck): AuthorityRevocation {
	const asksBoth = useCrl === useOcsp;
	return {
		isDisabled: disable,
		asksOcsp: asksBoth || useOcsp,
		asksCrl: asksBoth || useCrl || ocsp.connectionFailure === "fallback-crl",
		sendsNonce: ocsp.noncePayload === "enable",
		ocspUrls: ocsp.url,
		crlUrls: crl.url,
		refreshMs: crl.refreshInterval * 3_600_000,
		acceptsUnavailable: ocsp.connectionFailure === "disable" || crl.disable.onDownloadFailure,
	};
}
