/** What a commit says about lists of domains that it names. */
import { type Finding, warning } from "#config/finding.ts";
import type { SslProxy } from "#proxy/ssl-proxy-schema.ts";

/** Names of the lists that were imported. */
export interface ListNames {
	readonly domainLists: ReadonlySet<string>;
	readonly categories: ReadonlySet<string>;
}

/** A list that is not there exempts nothing: that is told, and is no error, since lists come and go while it runs. */
export function verifyDomainLists(sslProxy: SslProxy, loaded: ListNames | undefined): readonly Finding[] {
	if (loaded === undefined) return [];
	const findings: Finding[] = [];
	const root = ["services", "ssl", "proxy"];
	const look = (path: readonly string[], statement: string, names: readonly string[], kind: keyof ListNames) => {
		for (const name of names) {
			if (loaded[kind].has(name)) continue;
			const [what, command] = wordings[kind];
			const message = `${what} '${name}' is not loaded and exempts nothing; request services ssl proxy decryption-policy import ${command} ${name} filename FILE`;
			findings.push(warning(path, statement, message));
		}
	};
	for (const [name, { whitelistUrlCategories }] of sslProxy.profile) {
		look([...root, "profile", name], "whitelist-url-categories", whitelistUrlCategories, "categories");
	}
	for (const [name, policy] of sslProxy.decryptionPolicy) {
		const path = [...root, "decryption-policy", name];
		look(path, "never-decrypt-categories", policy.neverDecryptCategories, "categories");
		look(path, "never-decrypt-domain-list", policy.neverDecryptDomainList, "domainLists");
	}
	return findings;
}

const wordings: Readonly<Record<keyof ListNames, readonly [string, string]>> = {
	domainLists: ["list", "domain-list"],
	categories: ["category", "category"],
};
