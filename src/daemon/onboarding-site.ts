/** The onboarding page of a configuration, and what of it lies in the state directory, from signing CAs and CA profiles. */
import { createHash, randomBytes } from "node:crypto";
import { renameSync, rmSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { type Endpoint, formatEndpoint, isUnspecified, parseAddress } from "#base/address.ts";
import { BoundedMap } from "#base/bounded.ts";
import type { StateDirectory } from "#daemon/state-directory.ts";
import { type OfferedCa, offeredCas } from "#onboarding/offered-ca.ts";
import { OnboardingSite, pkcs12Passphrase } from "#onboarding/site.ts";
import type { SigningCa } from "#pki/mint.ts";
import { certificatePem, pemCertificates } from "#pki/pem.ts";
import { encodePkcs12 } from "#pki/pkcs12.ts";
import type { TrustSources } from "#pki/trust-selection.ts";
import type { GatewayPlan, OnboardingPlan } from "#proxy/compile.ts";

/**
 * Undefined when the page is disabled. The roots of intermediate signing CAs are looked for among all certificates of
 * `trust`; `crl` answers the revocation list of a signing CA.
 */
export function onboardingSite(
	plan: OnboardingPlan | undefined,
	authorities: readonly SigningCa[],
	trust: TrustSources,
	crl: (id: string) => Uint8Array | undefined,
): OnboardingSite | undefined {
	if (plan === undefined) return undefined;
	const signers = signersOf(plan.trustedCas, authorities);
	return new OnboardingSite({
		hostName: plan.hostName,
		contact: plan.contact,
		cas: offeredCas(signers, allCertificates(trust)),
		signer: signers[0]?.id,
		proxyAddress: plan.proxyAddress === undefined ? undefined : formatEndpoint(plan.proxyAddress),
		crl,
		pkcs12: pkcs12Of,
	});
}

/** What `sallyport trust-commands` reads: the facts that fill the steps. */
export interface PublishedOnboarding {
	readonly hostName: string;
	/** Address and port. */
	readonly proxy: string;
	readonly contact?: string | undefined;
	readonly cas: readonly (Omit<OfferedCa, "certificate"> & { readonly pem: string })[];
}

/**
 * Writes what clients of this host need: the certificates to be trusted as `ca.pem` and, unless the page is disabled,
 * the facts for `sallyport trust-commands`. `fallback` names the signing CAs whose certificates go into `ca.pem` when no
 * policy uses one.
 */
export function publishOnboarding(
	state: Pick<StateDirectory, "caCertificate" | "onboarding">,
	plan: Pick<GatewayPlan, "onboarding" | "listeners">,
	authorities: readonly SigningCa[],
	trust: TrustSources,
	fallback: readonly string[],
): void {
	const { onboarding, listeners } = plan;
	const others = allCertificates(trust);
	const used = offeredCas(signersOf(onboarding?.trustedCas ?? [], authorities), others);
	const spare = signersOf(fallback, authorities);
	const shown = used.length > 0 ? used : offeredCas(spare, others);
	const certificates = shown.length > 0 ? shown : spare;
	// The certificate is public: clients on this host read it where it lies.
	replaceFile(state.caCertificate, certificates.map(({ certificate }) => certificatePem(certificate)).join(""));
	if (onboarding === undefined) return rmSync(state.onboarding, { force: true });
	const published: PublishedOnboarding = {
		hostName: onboarding.hostName,
		proxy: formatEndpoint(
			onboarding.proxyAddress ??
				reachable(listeners.find(({ way }) => way.kind === "explicit")?.listen ?? { host: "::", port: 0 }),
		),
		contact: onboarding.contact,
		cas: used.map(({ certificate, ...ca }) => ({ ...ca, pem: certificatePem(certificate) })),
	};
	replaceFile(state.onboarding, `${JSON.stringify(published, undefined, "\t")}\n`);
}

function signersOf(ids: readonly string[], authorities: readonly SigningCa[]): SigningCa[] {
	return ids.flatMap((id) => authorities.find((ca) => ca.id === id) ?? []);
}

function allCertificates(trust: TrustSources): Uint8Array[] {
	return [...trust.profiles.values(), ...trust.groups.values(), trust.defaultRoots].flat().flatMap(pemCertificates);
}

/** A listener at every address is reached under the host's name. */
function reachable({ host, port }: Endpoint): Endpoint {
	const address = parseAddress(host);
	return address !== undefined && isUnspecified(address) ? { host: hostname(), port } : { host, port };
}

/** It costs a third of a second: made when somebody asks for it, and kept over configurations. */
function pkcs12Of(cas: readonly OfferedCa[]): Uint8Array {
	const certificates = cas.map(({ certificate }) => certificate);
	const key = createHash("sha256").update(Buffer.concat(certificates)).digest("hex");
	const known = pkcs12Files.get(key);
	if (known !== undefined) return known;
	const friendlyName = cas[0]?.name ?? "";
	const made = encodePkcs12({ certificates, friendlyName, passphrase: pkcs12Passphrase, random: randomBytes(80) });
	pkcs12Files.set(key, made);
	return made;
}

function replaceFile(file: string, text: string): void {
	writeFileSync(`${file}.new`, text, { mode: 0o600 });
	renameSync(`${file}.new`, file);
}

const pkcs12Files = new BoundedMap<string, Uint8Array>(4);
