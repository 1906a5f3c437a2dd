/** The onboarding page of a configuration, from the signing CAs and the CA profiles. */
import { formatEndpoint } from "#base/address.ts";
import { offeredCas } from "#onboarding/offered-ca.ts";
import { OnboardingSite } from "#onboarding/site.ts";
import type { SigningCa } from "#pki/mint.ts";
import { pemCertificates } from "#pki/pem.ts";
import type { OnboardingPlan } from "#proxy/compile.ts";

/** Undefined when the page is disabled. `caProfiles` are the certificates in PEM by profile. */
export function onboardingSite(
	plan: OnboardingPlan | undefined,
	authorities: ReadonlyMap<string, SigningCa>,
	caProfiles: ReadonlyMap<string, readonly string[]>,
): OnboardingSite | undefined {
	if (plan === undefined) return undefined;
	const signers = plan.trustedCas.flatMap((id) => authorities.get(id) ?? []);
	const others = [...caProfiles.values()].flat().flatMap(pemCertificates);
	return new OnboardingSite({
		hostName: plan.hostName,
		contact: plan.contact,
		cas: offeredCas(signers, others),
		signer: signers[0]?.id,
		proxyAddress: plan.proxyAddress === undefined ? undefined : formatEndpoint(plan.proxyAddress),
		crls: new Map(),
	});
}
