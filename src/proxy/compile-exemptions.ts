/** Makes of a profile and its decryption policy what is exempt from decryption. */
import type { AddressSet } from "#policy/address-set.ts";
import { type DomainSet, domainSetOf } from "#policy/domain-set.ts";
import { type DomainLists, ExemptDestinations } from "#policy/exempt-names.ts";
import { shippedExemptions } from "#policy/recommended-exemptions.ts";
import type { ProxyConfig } from "#proxy/schema.ts";
import type { SslProxyProfile } from "#proxy/ssl-proxy-schema.ts";

/** The exemptions of a profile. `whitelist` are its addresses and names. */
export function compileExemptions(
	config: ProxyConfig,
	profile: SslProxyProfile,
	whitelist: AddressSet,
	lists: DomainLists,
): { readonly exemptDestinations: ExemptDestinations; readonly overrides: DomainSet; readonly missingLists: string } {
	const name = profile.decryptionPolicy ?? "";
	const policy = config.services.ssl.proxy.decryptionPolicy.get(name);
	const of = `of decryption-policy ${name}`;
	const missing: string[] = [];
	const loaded = (kind: string, names: Iterable<string>, find: (name: string) => DomainSet | undefined) =>
		[...names].flatMap((one) => {
			const set = find(one);
			if (set === undefined) missing.push(`${kind} ${one}`);
			return set ?? [];
		});
	const domains = [
		domainSetOf(`never-decrypt-domains ${of}`, policy?.neverDecryptDomains ?? []),
		...loaded("list", policy?.neverDecryptDomainList ?? [], (one) => lists.domainList(one)),
	];
	const wanted = new Set([...profile.whitelistUrlCategories, ...(policy?.neverDecryptCategories ?? [])]);
	const categories = loaded("category", wanted, (one) => lists.category(one));
	if (policy?.useRecommendedExemptions === true) categories.push(lists.recommended());
	const overrides = domainSetOf(`category-overrides ${of}`, policy?.categoryOverrides ?? []);
	return {
		exemptDestinations: new ExemptDestinations(whitelist, domains, categories, overrides),
		overrides,
		missingLists: missing.length === 0 ? "" : `not loaded: ${missing.join(", ")}`,
	};
}

/** A gateway into which nothing was imported. */
export const noDomainLists: DomainLists = {
	domainList: () => undefined,
	category: () => undefined,
	recommended: shippedExemptions,
};
