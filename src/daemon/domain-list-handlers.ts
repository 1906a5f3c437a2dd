/** What `request services ssl proxy decryption-policy`, `show ... categories` and `show ... domain-lists` do. */
import type { HandlerRequest } from "#cli/connection-shell.ts";
import type { DomainListHandler } from "#cli/domain-list-commands.ts";
import type { ListKind } from "#daemon/domain-list-directory.ts";
import type { ImportReport, ListSource } from "#daemon/domain-list-service.ts";
import type { CommandWorld } from "#daemon/gateway-view.ts";
import { namedFile } from "#daemon/state-directory.ts";
import type { DomainListFormat } from "#policy/read-domain-list.ts";
import { visibleText } from "#telemetry/display-text.ts";

type Output = AsyncIterable<string> | Iterable<string>;
type Handler = (world: CommandWorld, request: HandlerRequest) => Output;

export const domainListHandlers: Readonly<Record<DomainListHandler, Handler>> = {
	"category-delete": (world, request) => remove(world, request, "category"),
	"category-export": (world, request) => exportList(world, request, "category"),
	"category-import": (world, request) => importList(world, request, "category"),
	"category-import-directory": (world, { values, identity }) => {
		const { directory = "" } = values;
		const { domainLists } = world.gateway;
		const sources = domainLists.categoriesIn(
			namedFile(world.gateway.state, directory),
			values["ignore-errors"] !== undefined,
		);
		return importAll(world, sources, identity.user);
	},
	"domain-list-delete": (world, request) => remove(world, request, "domain-list"),
	"domain-list-export": (world, request) => exportList(world, request, "domain-list"),
	"domain-list-import": (world, request) => importList(world, request, "domain-list"),
	"policy-domains-export": (world, request) => exportPolicy(world, request),
	"recommended-delete": (world, request) => remove(world, request, "recommended"),
	"recommended-export": (world, request) => exportList(world, request, "recommended"),
	"recommended-import": (world, request) => importList(world, request, "recommended"),
	"show-categories": (world, request) => showCategories(world, request),
	"show-domain-lists": (world, { isJson }) => showLists(world, "domain-list", isJson),
};

function importList(world: CommandWorld, { values, identity }: HandlerRequest, kind: ListKind): Output {
	const { name = "", filename = "", format = "plain" } = values;
	const ignoresErrors = values["ignore-errors"] !== undefined;
	const source = {
		kind,
		name,
		file: namedFile(world.gateway.state, filename),
		format: format as DomainListFormat,
		ignoresErrors,
	};
	return importAll(world, [source], identity.user);
}

async function* importAll(world: CommandWorld, sources: readonly ListSource[], user: string): AsyncIterable<string> {
	for (const report of await world.gateway.domainLists.import(sources, user)) yield `${reportText(report)}\n`;
}

function reportText({ name, entries, passedOver, errorCount }: ImportReport): string {
	const parts = [`${entries} ${entries === 1 ? "entry" : "entries"} imported`];
	if (passedOver > 0) parts.push(`${passedOver} passed over that name no server`);
	if (errorCount > 0) parts.push(`${errorCount} wrong lines ignored`);
	return `${name === "" ? "recommended exemptions" : name}: ${parts.join(", ")}`;
}

function* exportList(world: CommandWorld, { values }: HandlerRequest, kind: ListKind): Iterable<string> {
	const { name = "", filename = "" } = values;
	yield `${world.gateway.domainLists.export(kind, name, namedFile(world.gateway.state, filename))} entries written to ${visibleText(filename)}\n`;
}

function* exportPolicy(world: CommandWorld, { values }: HandlerRequest): Iterable<string> {
	const { name = "", filename = "" } = values;
	const policy = world.gateway.configuration.config?.services.ssl.proxy.decryptionPolicy.get(name);
	if (policy === undefined) throw new Error(`decryption-policy ${visibleText(name)} is not configured`);
	const count = world.gateway.domainLists.exportPatterns(
		policy.neverDecryptDomains,
		namedFile(world.gateway.state, filename),
	);
	yield `${count} entries written to ${visibleText(filename)}\n`;
}

async function* remove(
	world: CommandWorld,
	{ values, identity }: HandlerRequest,
	kind: ListKind,
): AsyncIterable<string> {
	const { name = "" } = values;
	await world.gateway.domainLists.delete(kind, name, identity.user);
	yield kind === "recommended" ? "the shipped recommendations count again\n" : `${name} deleted\n`;
}

function* showCategories(world: CommandWorld, { values, isJson }: HandlerRequest): Iterable<string> {
	const { domain } = values;
	if (domain === undefined) return yield* showLists(world, "category", isJson);
	const hits = [...world.gateway.domainLists.sets("category")].flatMap(({ name, set }) => {
		const hit = set.match(domain);
		return hit === undefined ? [] : [{ category: name, entry: hit.value }];
	});
	if (isJson) return yield `${JSON.stringify({ domain, categories: hits })}\n`;
	if (hits.length === 0) yield `${visibleText(domain)} is in no category that is loaded\n`;
	for (const { category, entry } of hits) yield `${category.padEnd(nameWidth)} by ${entry}\n`;
}

function* showLists(world: CommandWorld, kind: "category" | "domain-list", isJson: boolean): Iterable<string> {
	const lists: { name: string; entries: number; octets: number; isUsed: boolean }[] = [];
	const used = usedNames(world, kind);
	for (const { name, set } of world.gateway.domainLists.sets(kind)) {
		lists.push({ name, entries: set.size, octets: set.octets, isUsed: used.has(name) });
	}
	if (isJson) return yield `${JSON.stringify({ lists })}\n`;
	if (lists.length === 0) return yield `No ${kind === "category" ? "category" : "list"} is loaded\n`;
	yield `${"Name".padEnd(nameWidth)} ${"Entries".padStart(9)} ${"Memory".padStart(12)}  Used\n`;
	for (const { name, entries, octets, isUsed } of lists) {
		const memory = `${Math.ceil(octets / 1024)} KiB`;
		yield `${name.padEnd(nameWidth)} ${String(entries).padStart(9)} ${memory.padStart(12)}  ${isUsed ? "yes" : "no"}\n`;
	}
}

function usedNames({ gateway }: CommandWorld, kind: "category" | "domain-list"): ReadonlySet<string> {
	const proxy = gateway.configuration.config?.services.ssl.proxy;
	if (proxy === undefined) return new Set();
	const policies = [...proxy.decryptionPolicy.values()];
	if (kind === "domain-list") return new Set(policies.flatMap((policy) => policy.neverDecryptDomainList));
	const profiles = [...proxy.profile.values()].flatMap((profile) => profile.whitelistUrlCategories);
	return new Set([...profiles, ...policies.flatMap((policy) => policy.neverDecryptCategories)]);
}

const nameWidth = 24;
