/** What `request`, `show` and `clear security pki crl` do. */
import type { HandlerRequest } from "#cli/connection-shell.ts";
import type { CrlHandler } from "#cli/crl-commands.ts";
import type { CommandWorld } from "#daemon/gateway-view.ts";
import { namedFile } from "#daemon/state-directory.ts";
import { crlBrief, crlEntries, crlFacts } from "#pki/crl-text.ts";
import { visibleText } from "#telemetry/display-text.ts";

type Output = AsyncIterable<string> | Iterable<string>;

export const crlHandlers: Readonly<Record<CrlHandler, (world: CommandWorld, request: HandlerRequest) => Output>> = {
	"crl-clear": (world, request) => clear(world, request),
	"crl-load": (world, request) => load(world, request),
	"show-crl": (world, request) => show(world, request),
};

async function* load({ gateway }: CommandWorld, { values, identity }: HandlerRequest): AsyncIterable<string> {
	const { "ca-profile": profile = "", filename = "" } = values;
	const crl = await gateway.crls.load(profile, namedFile(gateway.state, filename), identity.user);
	yield `CRL for CA profile ${visibleText(profile)} loaded successfully\n`;
	if (crl.nextUpdate !== undefined && crl.nextUpdate < Date.now())
		yield "warning: it has run out and says nothing any more; load a newer one\n";
}

async function* clear({ gateway }: CommandWorld, { values, identity }: HandlerRequest): AsyncIterable<string> {
	const profile = values["ca-profile"];
	if ((profile === undefined) === (values.all === undefined)) throw new Error("expected either all or ca-profile NAME");
	const count = await gateway.crls.clear(profile, identity.user);
	yield `${count} revocation list${count === 1 ? "" : "s"} cleared\n`;
}

/** The lists of CA profiles, then what workers fetched from the profile's issuers; all of it without a profile. */
function* show({ gateway }: CommandWorld, { values, isJson }: HandlerRequest): Iterable<string> {
	const wanted = values["ca-profile"];
	const loaded = gateway.crls.loaded().filter(({ profile }) => wanted === undefined || profile === wanted);
	const issuers =
		wanted === undefined
			? undefined
			: new Set(gateway.trust.directory.bundle("profile", wanted)?.certificates.map(({ subject }) => subject.text));
	const fetched = gateway.crls.fetched().filter(({ issuer }) => issuers === undefined || issuers.has(issuer));
	if (isJson) {
		const lists = loaded.map(({ profile, crl }) => ({ profile, ...crlFacts(crl) }));
		yield `${JSON.stringify({ loaded: lists, fetched })}\n`;
		return;
	}
	for (const { profile, crl } of loaded) {
		yield crlBrief(`CA profile: ${profile}`, crlFacts(crl));
		if (values.detail !== undefined) yield* crlEntries(crl);
	}
	for (const list of fetched) yield crlBrief(`Fetched from: ${list.url}`, list);
	if (loaded.length + fetched.length > 0) return;
	if (wanted !== undefined) throw new Error(`no revocation list of ca-profile "${wanted}" is at hand`);
	yield "No revocation list is loaded or fetched\n";
}
