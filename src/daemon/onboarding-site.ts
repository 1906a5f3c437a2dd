/** The onboarding page of a configuration, from the signing CAs and the CA profiles. */
import { formatEndpoint } from "#base/address.ts";
import { offeredCas } from "#onboarding/offered-ca.ts";
import { OnboardingSite } from "#onboarding/site.ts";
import type { SigningCa } from "#pki/mint.ts";
import { pemCertificates } from "#pki/pem.ts";
import type { TrustSources } from "#pki/trust-selection.ts";
import type { OnboardingPlan } from "#proxy/compile.ts";

/**
 * Undefined when the page is disabled. The roots of intermediate signing CAs are looked for among all certificates of
 * `trust`; `crl` answers the revocation list of a signing CA.
 */
export function onboardingSite(
	plan: OnboardingPlan | undefined,
	authorities: ReadonlyMap<string, SigningCa>,
	trust: TrustSources,
	crl: (id: string) => Uint8Array | undefined,
): OnboardingSite | undefined {
	if (plan === undefined) return undefined;
	const signers = plan.trustedCas.flatMap((id) => authorities.get(id) ?? []);
	const others = [...trust.profiles.values(), ...trust.groups.values(), trust.defaultRoots].flat();
	return new OnboardingSite({
		hostName: plan.hostName,
		contact: plan.contact,
		cas: offeredCas(signers, others.flatMap(pemCertificates)),
		signer: signers[0]?.id,
		proxyAddress: plan.proxyAddress === undefined ? undefined : formatEndpoint(plan.proxyAddress),
		crl,
	});
}
