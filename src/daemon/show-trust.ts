/** `show security pki ca-certificate`, `ca-certificates` and `default-trust-store`; what load and verify say. */
import { utc } from "#config/commit.ts";
import type { CommandWorld } from "#daemon/gateway-view.ts";
import type { Bundle } from "#daemon/trust-directory.ts";
import type { LoadReport } from "#daemon/trust-service.ts";
import type { Certificate } from "#pki/certificate.ts";
import { authorityStatus, expiryOf } from "#pki/certificate-status.ts";
import { certificateBrief, certificateDetail, fingerprintLines } from "#pki/certificate-text.ts";
import { readPemCertificates } from "#pki/pem.ts";
import { TrustAnchors } from "#pki/trust-anchors.ts";
import {
	assembleDefaultStore,
	type DefaultRootOrigin,
	type DefaultStore,
	isRoot,
	selectTrust,
	type TrustSources,
} from "#pki/trust-selection.ts";
import { SignatureCache } from "#pki/verify-signature.ts";
import { runtimeRoots } from "#proxy/trust-store-shell.ts";
import { visibleText } from "#telemetry/display-text.ts";

type Values = Readonly<Record<string, string>>;

/** The fingerprints of a file, before the question whether to load it. */
export function showAuthorityFile({ certificates, passedOver }: LoadReport): string {
	const shown = certificates.slice(0, maxShown).map(({ der, subject }) => {
		const name = certificates.length === 1 ? "" : ` of ${visibleText(subject.text)}`;
		return `Fingerprint${name}:\n${fingerprintLines(der).join("\n")}\n`;
	});
	const rest = certificates.length - shown.length;
	if (rest > 0) shown.push(`and ${rest} more\n`);
	const passed = passedOver.slice(0, maxShown).map((line) => `Passed over: ${visibleText(line)}\n`);
	if (passedOver.length > maxShown) passed.push(`and ${passedOver.length - maxShown} more passed over\n`);
	return [...shown, ...passed].join("");
}

/** What is to be said about certificates that were loaded. */
export function loadNotes(world: CommandWorld, certificates: readonly Certificate[]): string {
	const trust = everyAuthority(world);
	const now = Date.now();
	return certificates
		.flatMap((certificate) => {
			const { status, reason } = authorityStatus(certificate, trust, new SignatureCache(16), now);
			return status === "Valid"
				? []
				: [`warning: ${visibleText(certificate.subject.text)}: ${status}: ${visibleText(reason ?? "")}\n`];
		})
		.join("");
}

/** `request security pki ca-certificate verify`. Throws when the certificate is not valid. */
export function verifyAuthority(world: CommandWorld, name: string): string {
	const bundle = world.gateway.trust.directory.bundle("profile", name);
	if (bundle === undefined) throw new Error(`no certificate is loaded for ca-profile "${name}"`);
	const trust = everyAuthority(world);
	for (const certificate of bundle.certificates) {
		const { status, reason } = authorityStatus(certificate, trust, new SignatureCache(16), Date.now());
		if (status !== "Valid")
			throw new Error(`CA certificate ${name} (${certificate.subject.text}): ${status}: ${reason ?? ""}`);
	}
	return `CA certificate ${visibleText(name)} verified successfully\n`;
}

/** `show security pki ca-certificate`. */
export function* showAuthorities(world: CommandWorld, values: Values, isJson: boolean): Iterable<string> {
	const { directory } = world.gateway.trust;
	const wanted = values["ca-profile"];
	const bundles = (["profile", "replaced"] as const)
		.flatMap((kind) => directory.bundles(kind))
		.filter(({ name }) => wanted === undefined || name === wanted);
	if (wanted !== undefined && bundles.length === 0)
		throw new Error(`no certificate is loaded for ca-profile "${wanted}"`);
	yield* showBundles(world, bundles, values, isJson, ({ name }) => name);
}

/** `show security pki ca-certificates ca-profile-group`: members are numbered. */
export function* showGroup(world: CommandWorld, values: Values, isJson: boolean): Iterable<string> {
	const name = values["ca-profile-group"] ?? "";
	const bundle = world.gateway.trust.directory.bundle("group", name);
	if (bundle === undefined) throw new Error(`ca-profile-group "${name}" does not exist`);
	yield* showBundles(world, [bundle], values, isJson, (_, index) => `${name}_${index + 1}`);
}

/** `show security pki default-trust-store`. */
export function* showDefaultStore(world: CommandWorld, values: Values, isJson: boolean): Iterable<string> {
	const { store, added, isDisabled } = defaultStore(world);
	const now = Date.now();
	const { roots, duplicates, unreadable } = store;
	const excluded = roots.filter(({ isExcluded }) => isExcluded).length;
	const expired = roots.filter(({ certificate }) => expiryOf(certificate, now, 0).kind === "expired");
	const from = (wanted: DefaultRootOrigin) => roots.filter(({ origin }) => origin === wanted).length;
	const [ofRuntime, ofEnvironment] = [from("runtime"), from("environment")];
	if (isJson) {
		const list = roots.map(({ certificate, origin, isExcluded }) => ({
			...factsOf(certificate, now),
			origin,
			isExcluded,
		}));
		const facts = {
			isDisabled,
			node: process.version,
			ofRuntime,
			added,
			duplicates,
			unreadable,
			excluded,
			roots: list,
		};
		yield `${JSON.stringify(facts, undefined, 4)}\n`;
		return;
	}
	yield `Default trust store: ${isDisabled ? "disabled" : "enabled"}\n`;
	yield `  ${count(ofRuntime)} root certificates of the runtime, Node ${process.version}\n`;
	if (ofEnvironment > 0)
		yield `  ${count(ofEnvironment)} of its environment (NODE_EXTRA_CA_CERTS, the system's store)\n`;
	for (const { from, loadedAt, certificates } of added)
		yield `  ${count(certificates)} added from ${visibleText(from ?? "a file put there by hand")}, ${utc(loadedAt)}\n`;
	yield `  ${count(duplicates)} duplicates discarded\n`;
	if (unreadable > 0) yield `  ${count(unreadable)} cannot be read and are passed over\n`;
	yield `  ${count(excluded)} excluded\n`;
	yield `  ${count(expired.length)} expired\n`;
	yield `  ${count(isDisabled ? 0 : roots.length - excluded)} in force\n`;
	for (const { certificate } of expired) yield `  Expired: ${visibleText(certificate.subject.text)}\n`;
	if (values.detail === undefined) return;
	for (const { certificate, origin, isExcluded } of roots) {
		const { fingerprint, subject, notAfter } = certificate;
		yield `${fingerprint}  ${(isExcluded ? "excluded" : origin).padEnd(11)}  until ${utc(notAfter).slice(0, 10)}  ${visibleText(subject.text)}\n`;
	}
}

function* showBundles(
	world: CommandWorld,
	bundles: readonly Bundle[],
	values: Values,
	isJson: boolean,
	identifier: (bundle: Bundle, index: number) => string,
): Iterable<string> {
	const trust = everyAuthority(world);
	const now = Date.now();
	const cache = new SignatureCache(1_024);
	const format = values.detail === undefined ? certificateBrief : certificateDetail;
	const rows = bundles.flatMap((bundle) =>
		bundle.certificates.map((certificate, index) => ({ bundle, certificate, id: identifier(bundle, index) })),
	);
	const statusOf = ({ bundle, certificate }: (typeof rows)[number]) =>
		bundle.kind === "replaced" ? "Replaced" : authorityStatus(certificate, trust, cache, now).status;
	if (isJson) {
		const list = rows.map((row) => ({
			identifier: row.id,
			...factsOf(row.certificate, now),
			status: statusOf(row),
			loadedAt: row.bundle.loadedAt,
			from: row.bundle.from,
		}));
		yield `${JSON.stringify(list, undefined, 4)}\n`;
		return;
	}
	for (const row of rows) {
		const { from, loadedAt } = row.bundle;
		const loaded = `Loaded: ${utc(loadedAt)}${from === undefined || from === "" ? "" : ` from ${visibleText(from)}`}`;
		const more = [`Status: ${statusOf(row)}`, ...(values.detail === undefined ? [] : [loaded])];
		yield `${format(row.id, row.certificate, more)}\n`;
	}
	if (rows.length === 0) yield "No CA certificate is loaded\n";
}

/** All that is trusted anywhere, and `more` roots: whether an authority reaches one does not hang on a profile. */
export function everyAuthority(
	world: CommandWorld,
	more: readonly Certificate[] = [],
): { readonly anchors: TrustAnchors; readonly intermediates: readonly Certificate[] } {
	const { profiles, groups } = sourcesOf(world);
	const own = [...profiles.values(), ...groups.values()].flat().flatMap(readPemCertificates);
	const publics = defaultStore(world).store.roots.filter(({ isExcluded }) => !isExcluded);
	const anchors = [...more, ...own.filter(isRoot), ...publics.map(({ certificate }) => certificate)];
	return { anchors: new TrustAnchors(anchors), intermediates: own.filter((certificate) => !isRoot(certificate)) };
}

interface AddedRoots {
	readonly from: string | undefined;
	readonly loadedAt: number;
	readonly certificates: number;
}

function defaultStore(world: CommandWorld): {
	readonly store: DefaultStore;
	readonly added: readonly AddedRoots[];
	readonly isDisabled: boolean;
} {
	const { excluded, isDefaultDisabled } = selectTrust(world.gateway.trust.config);
	const { defaultRoots } = sourcesOf(world);
	const added = world.gateway.trust.addedRoots().map(({ from, loadedAt, certificates }) => ({
		from,
		loadedAt,
		certificates: certificates.length,
	}));
	return { store: assembleDefaultStore(runtimeRoots, defaultRoots, excluded), added, isDisabled: isDefaultDisabled };
}

function sourcesOf({ gateway }: CommandWorld): TrustSources {
	return gateway.trust.sources();
}

function factsOf(certificate: Certificate, now: number) {
	const { subject, issuer, fingerprint, notBefore, notAfter, serialText } = certificate;
	const expiry = expiryOf(certificate, now, 0).kind;
	return {
		subject: subject.text,
		issuer: issuer.text,
		serial: serialText,
		sha256: fingerprint,
		notBefore,
		notAfter,
		isExpired: expiry === "expired",
	};
}

function count(number: number): string {
	return String(number).padStart(5);
}

const maxShown = 20;
