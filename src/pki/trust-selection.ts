/**
 * Which certificates may vouch for servers: what is stored of authorities, what the configuration chooses of it, and the
 * anchors that a `trusted-ca` comes to.
 *
 * A certificate that signed itself is an anchor. Any other one of an authority vouches for nothing by itself; it closes
 * the gap when a server does not send it, as it does in OpenSSL's store.
 */
import { hash } from "node:crypto";
import type { Certificate } from "#pki/certificate.ts";
import { readPemCertificates } from "#pki/pem.ts";
import type { PkiConfig } from "#pki/schema.ts";
import { keyDistance } from "#pki/trust-anchors.ts";

/** What the state directory holds, PEM. */
export interface TrustSources {
	/** CA profiles by name. */
	readonly profiles: ReadonlyMap<string, readonly string[]>;
	/** CA profile groups by name. */
	readonly groups: ReadonlyMap<string, readonly string[]>;
	/** What is added to the runtime's public roots. */
	readonly defaultRoots: readonly string[];
}

/** What the configuration says of it. */
export interface TrustSelection {
	/** `trusted-ca-group`: the CA profiles of each. */
	readonly groups: ReadonlyMap<string, readonly string[]>;
	readonly isDefaultDisabled: boolean;
	/** SHA-256 fingerprints, hexadecimal, of roots of the default store that are not trusted. */
	readonly excluded: ReadonlySet<string>;
}

/** What a `trusted-ca` comes to. */
export interface ResolvedTrust {
	readonly anchors: readonly Certificate[];
	readonly intermediates: readonly Certificate[];
	/** The same for the same certificates, whatever they were named by: verdicts are kept apart by it. */
	readonly key: string;
	/** True when the default store is among them. */
	readonly hasDefaultStore: boolean;
}

/** `runtime`: it came with the runtime; `environment`: the runtime was started with it; `file`: it was added here. */
export type DefaultRootOrigin = "runtime" | "environment" | "file";

/** What the runtime trusts by itself, PEM: what it brings, and what its environment adds. */
export interface RuntimeRoots {
	readonly runtime: readonly string[];
	readonly environment: readonly string[];
}

/** One root of the default store. */
export interface DefaultRoot {
	readonly certificate: Certificate;
	readonly origin: DefaultRootOrigin;
	readonly isExcluded: boolean;
}

/** The default store: each certificate once, those of the runtime first. */
export interface DefaultStore {
	readonly roots: readonly DefaultRoot[];
	readonly duplicates: number;
	/** Certificates that cannot be read; they vouch for nothing. */
	readonly unreadable: number;
}

/** The names in `trusted-ca` that name no object. */
export const trustKeywords: ReadonlySet<string> = new Set(["all", "default"]);

/** Reads the statements. */
export function selectTrust({ security }: PkiConfig): TrustSelection {
	const { trustedCaGroup, defaultTrustStore } = security.pki;
	return {
		groups: new Map([...trustedCaGroup].map(([name, { caProfiles }]) => [name, caProfiles])),
		isDefaultDisabled: defaultTrustStore.disable,
		excluded: new Set(defaultTrustStore.exclude),
	};
}

/** Puts the default store together from the runtime's roots and those that were added. */
export function assembleDefaultStore(
	{ runtime, environment }: RuntimeRoots,
	added: readonly string[],
	excluded: ReadonlySet<string>,
): DefaultStore {
	const roots = new Map<string, DefaultRoot>();
	let duplicates = 0;
	let unreadable = 0;
	for (const [origin, texts] of [
		["runtime", runtime],
		["environment", environment],
		["file", added],
	] as const) {
		for (const text of texts) {
			const [certificate] = readPemCertificates(text);
			if (certificate === undefined) unreadable++;
			else if (roots.has(certificate.fingerprint)) duplicates++;
			else {
				const isExcluded = excluded.has(certificate.fingerprint);
				roots.set(certificate.fingerprint, { certificate, origin, isExcluded });
			}
		}
	}
	return { roots: [...roots.values()], duplicates, unreadable };
}

/**
 * The certificates for the names of a `trusted-ca`: `all`, `default`, trusted-ca-groups, CA profiles and CA profile groups.
 * A name that is nothing gives nothing.
 */
export function resolveTrust(
	names: readonly string[],
	sources: TrustSources,
	selection: TrustSelection,
	defaultStore: () => DefaultStore,
): ResolvedTrust {
	const isAll = names.includes("all");
	const hasDefaultStore = (isAll || names.includes("default")) && !selection.isDefaultDisabled;
	const certificates = new Map<string, Certificate>();
	const add = (certificate: Certificate) => certificates.set(certificate.fingerprint, certificate);
	if (hasDefaultStore)
		for (const { certificate, isExcluded } of defaultStore().roots) if (!isExcluded) add(certificate);
	for (const text of namedTexts(isAll ? undefined : names, sources, selection)) readPemCertificates(text).forEach(add);
	const all = [...certificates.values()];
	return {
		anchors: all.filter(isRoot),
		intermediates: all.filter((certificate) => !isRoot(certificate)),
		key: hash("sha256", [...certificates.keys()].sort().join(" "), "hex"),
		hasDefaultStore,
	};
}

/** The same for the same sources and statements: when it changes, what was found out under the trust before is forgotten. */
export function trustKey({ profiles, groups, defaultRoots }: TrustSources, selection: TrustSelection): string {
	const { groups: chosen, isDefaultDisabled, excluded } = selection;
	const facts = [[...profiles], [...groups], defaultRoots, [...chosen], isDefaultDisabled, [...excluded].sort()];
	return hash("sha256", JSON.stringify(facts), "hex");
}

/** Signed by its own key, as far as its names and key identifiers tell; OpenSSL decides it by the same. */
export function isRoot(certificate: Certificate): boolean {
	return certificate.isSelfIssued && keyDistance(certificate, certificate) !== 2;
}

/** The PEM of objects by their names; of every object without names. */
function* namedTexts(
	names: readonly string[] | undefined,
	{ profiles, groups }: TrustSources,
	selection: TrustSelection,
): Iterable<string> {
	if (names === undefined) {
		for (const texts of [...profiles.values(), ...groups.values()]) yield* texts;
		return;
	}
	for (const name of names) {
		for (const profile of selection.groups.get(name) ?? []) yield* profiles.get(profile) ?? [];
		yield* profiles.get(name) ?? [];
		yield* groups.get(name) ?? [];
	}
}
