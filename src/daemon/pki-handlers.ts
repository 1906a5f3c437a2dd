/** What `request`, `show` and `clear security pki` do. */
import type { HandlerRequest } from "#cli/connection-shell.ts";
import type { PkiHandler } from "#cli/pki-commands.ts";
import { crlHandlers } from "#daemon/crl-handlers.ts";
import type { CommandWorld } from "#daemon/gateway-view.ts";
import { localCertificateHandlers } from "#daemon/local-certificate-handlers.ts";
import { showIssuance } from "#daemon/show-issuance.ts";
import {
	loadNotes,
	showAuthorities,
	showAuthorityFile,
	showDefaultStore,
	showGroup,
	verifyAuthority,
} from "#daemon/show-trust.ts";
import { namedFile } from "#daemon/state-directory.ts";
import { type AuthoritySource, defaultRootsName, type LoadReport } from "#daemon/trust-service.ts";
import { visibleText } from "#telemetry/display-text.ts";

type Output = AsyncIterable<string> | Iterable<string> | string;

export const pkiHandlers: Readonly<Record<PkiHandler, (world: CommandWorld, request: HandlerRequest) => Output>> = {
	...crlHandlers,
	...localCertificateHandlers,
	"ca-certificate-clear": (world, request) => clearProfiles(world, request),
	"ca-certificate-export": ({ gateway }, { values }) => {
		const { "ca-profile": name = "", filename = "", type } = values;
		const written = gateway.trust.export(name, namedFile(gateway.state, filename), type === "der" ? "der" : "pem");
		return `${written} certificate${written === 1 ? "" : "s"} exported to ${visibleText(filename)}\n`;
	},
	"ca-certificate-load": (world, request) => loadProfile(world, request, false),
	"ca-certificate-replace": (world, request) => loadProfile(world, request, true),
	"ca-certificate-verify": (world, { values }) => verifyAuthority(world, values["ca-profile"] ?? ""),
	"ca-file-show": (world, { values, identity }) => {
		const { gateway } = world;
		const { filename = "" } = values;
		if (values.for === "ca-group-load") gateway.trust.mayLoadGroup(values["ca-group-name"] ?? "");
		else gateway.trust.mayLoad(values["ca-profile"] ?? "", values.for === "ca-certificate-replace");
		if (values.for === "ca-group-load" && filename === "default") return "";
		return showAuthorityFile(gateway.trust.preview(sourceOf(world, values), identity.id));
	},
	"ca-group-clear": (world, request) => clearGroup(world, request),
	"ca-group-load": (world, request) => loadGroup(world, request),
	"default-store-clear": (world, request) => clearDefaultRoots(world, request),
	"default-store-load": (world, request) => loadDefaultRoots(world, request),
	"show-ca-certificate": (world, { values, isJson }) => showAuthorities(world, values, isJson),
	"show-ca-group": (world, { values, isJson }) => showGroup(world, values, isJson),
	"show-issuance-log": (world, request) => showIssuance(world, request),
	"show-default-store": (world, { values, isJson }) => showDefaultStore(world, values, isJson),
};

function sourceOf(world: CommandWorld, values: HandlerRequest["values"]): AuthoritySource {
	const { filename = "", "passphrase-file": passphraseFile } = values;
	return {
		file: inState(world, filename),
		passphraseFile: passphraseFile === undefined ? undefined : inState(world, passphraseFile),
	};
}

/** The word `default` stands for the public roots. */
function inState({ gateway }: CommandWorld, file: string): string {
	return file === "default" ? file : namedFile(gateway.state, file);
}

async function* loadProfile(
	world: CommandWorld,
	{ values, identity }: HandlerRequest,
	isReplacement: boolean,
): AsyncIterable<string> {
	const { "ca-profile": name = "" } = values;
	const { trust } = world.gateway;
	const source = sourceOf(world, values);
	const { certificates, replaced } = await trust.load(name, source, isReplacement, identity.id, identity.user);
	yield `CA certificate for profile ${visibleText(name)} loaded successfully\n`;
	if (replaced !== undefined) yield `The certificate before is kept as ${visibleText(replaced)}\n`;
	yield loadNotes(world, certificates);
}

async function* loadGroup(world: CommandWorld, { values, identity }: HandlerRequest): AsyncIterable<string> {
	const { "ca-group-name": name = "" } = values;
	const report = await world.gateway.trust.loadGroup(name, sourceOf(world, values), identity.id, identity.user);
	yield* loadedLines(name, `group '${visibleText(name)}'`, report);
	yield `ca-profile-group '${visibleText(name)}' successfully loaded. Success[${report.certificates.length}] Skipped[${report.passedOver.length}]\n`;
	yield loadNotes(world, report.certificates);
}

async function* loadDefaultRoots(world: CommandWorld, { values, identity }: HandlerRequest): AsyncIterable<string> {
	const report = await world.gateway.trust.loadDefaultRoots(sourceOf(world, values), identity.user);
	const { certificates, passedOver } = report;
	for (const line of passedOver) yield `Skipped: ${visibleText(line)}\n`;
	yield `${certificates.length} certificates added to the default trust store\n`;
}

function* loadedLines(name: string, what: string, { certificates, passedOver }: LoadReport): Iterable<string> {
	yield `Loading ${certificates.length + passedOver.length} certificates for ${what}.\n`;
	for (const index of certificates.keys()) yield `${visibleText(name)}_${index + 1}: Loading done.\n`;
	for (const line of passedOver) yield `Skipped: ${visibleText(line)}\n`;
}

async function* clearProfiles(world: CommandWorld, { values, identity }: HandlerRequest): AsyncIterable<string> {
	const { trust } = world.gateway;
	const wanted = values["ca-profile"] ?? "";
	const { directory } = trust;
	let cleared = 0;
	for (const kind of ["profile", "replaced"] as const) {
		const names = directory.names(kind).filter((name) => wanted === "all" || name === wanted);
		if (names.length > 0) cleared += await trust.clear(kind, names, identity.user);
	}
	if (cleared === 0 && wanted !== "all") throw new Error(`no certificate is loaded for ca-profile "${wanted}"`);
	yield `${cleared} CA profile${cleared === 1 ? "" : "s"} cleared\n`;
}

async function* clearGroup(world: CommandWorld, { values, identity }: HandlerRequest): AsyncIterable<string> {
	const name = values["ca-profile-group"] ?? values["ca-group-name"] ?? "";
	await world.gateway.trust.clear("group", [name], identity.user);
	yield `ca-profile-group '${visibleText(name)}' cleared\n`;
}

async function* clearDefaultRoots(world: CommandWorld, { identity }: HandlerRequest): AsyncIterable<string> {
	await world.gateway.trust.clear("default", [defaultRootsName], identity.user);
	yield "Added roots cleared\n";
}
