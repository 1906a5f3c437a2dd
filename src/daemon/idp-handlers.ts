/** What `show` and `clear security idp` and `security flow ip-action` do. */
import { existsSync } from "node:fs";
import { readBoundedFile } from "#base/bounded-file-shell.ts";
import type { HandlerRequest } from "#cli/connection-shell.ts";
import type { IdpHandler } from "#cli/idp-commands.ts";
import { utc } from "#config/commit.ts";
import type { FeedView } from "#daemon/feed-service.ts";
import type { CommandWorld } from "#daemon/gateway-view.ts";
import { countersSince } from "#daemon/show-proxy.ts";
import { namedFile } from "#daemon/state-directory.ts";
import { severityOfSignature } from "#inspect/attack-severity.ts";
import type { IdpRule } from "#inspect/idp-policy.ts";
import { classifications } from "#signature/classifications.ts";
import { loadRules } from "#signature/rule-set.ts";
import type { Signature } from "#signature/signature.ts";
import { visibleJson, visibleText } from "#telemetry/display-text.ts";
import { type CounterId, counterTable } from "#telemetry/event-table.ts";

export const idpHandlers: Readonly<Record<IdpHandler, (world: CommandWorld, request: HandlerRequest) => string>> = {
	"show-idp-status": showStatus,
	"show-idp-policies": showPolicies,
	"show-idp-attacks": showAttacks,
	"show-idp-attack": showAttack,
	"show-idp-counters": showCounters,
	"show-ip-actions": showIpActions,
	"download-idp-rules": ({ gateway }) => {
		const count = gateway.rules.update();
		if (count === 0) throw new Error("security idp rules names no url: nothing is fetched");
		return `${counted(count, "set")} of rules ${count === 1 ? "is" : "are"} fetched; show security idp status tells what became of it\n`;
	},
	"clear-idp-attacks": ({ gateway }) => `${counted(gateway.idp.clear(), "attack")} forgotten\n`,
	"clear-idp-counters": ({ gateway }) => {
		gateway.idp.cleared = { at: Date.now(), counters: gateway.counters() };
		return "";
	},
	"clear-ip-actions": ({ gateway }, { values }) => {
		const count = gateway.quarantine.clearIpActions(values["source-address"]);
		return `${counted(count, "ip-action")} ended\n`;
	},
};

/** Minor alarms: rules that are old or cannot be fetched. */
export function ruleAlarms(views: readonly FeedView[]): readonly { readonly at: number; readonly text: string }[] {
	return views.flatMap(({ from, failure, isStale }) => {
		if (failure === undefined) return [];
		return [{ at: failure.at, text: `rules of ${from} ${isStale ? "are old" : "were not fetched"}: ${failure.why}` }];
	});
}

function showStatus({ gateway }: CommandWorld, { isJson }: HandlerRequest): string {
	const { plan, idp } = gateway;
	const policies = [...plan.idp.used];
	const hits = idp.attacks().reduce((sum, attack) => sum + attack.hits, 0);
	const blocked = idp.attacks().reduce((sum, attack) => sum + attack.blocked, 0);
	const ipActions = gateway.quarantine.ipActions().length;
	const { rules } = idp;
	const state = policies.length === 0 ? "not used" : rules?.kind === "unreadable" ? "without rules" : "running";
	const fetched = gateway.rules.views();
	const json = { state, policies, fetched, files: plan.idp.files, rules, since: idp.since, hits, blocked, ipActions };
	if (isJson) return jsonText(json);
	const loaded =
		rules === undefined
			? "not loaded"
			: rules.kind === "loaded"
				? `${rules.rules} loaded, ${rules.disabled} not`
				: `cannot be read: ${rules.reason}`;
	const fails = plan.idp.failsOpen ? "passed uninspected" : "ended";
	return lines([
		`State of intrusion detection: ${state}`,
		`Policies in use: ${policies.join(", ") || "none"}`,
		`Files of rules: ${plan.idp.files.join(", ") || "none"}`,
		...fetched.flatMap(fetchedLines),
		`Rules: ${loaded}`,
		`Without rules, sessions are ${fails}`,
		`Attacks since ${utc(idp.since)}: ${hits}, of which ${blocked} were blocked`,
		`ip-actions: ${ipActions}`,
	]);
}

function fetchedLines({ from, state, isFetching, failure, dueAt }: FeedView): readonly string[] {
	const kept =
		state === undefined
			? "never fetched"
			: `${state.entries} rules fetched ${utc(state.fetchedAt)}, confirmed ${utc(state.confirmedAt)}`;
	return [
		`Rules of ${from}: ${kept}; ${isFetching ? "fetched now" : `next ${utc(dueAt)}`}`,
		...(failure === undefined ? [] : [`  Last failure, ${utc(failure.at)}: ${failure.why}`]),
	];
}

function showPolicies({ gateway }: CommandWorld, { isJson }: HandlerRequest): string {
	const { policies, used } = gateway.plan.idp;
	if (isJson) {
		const facts = [...policies].map(([name, { rules, exempt }]) => ({
			name,
			isUsed: used.has(name),
			rules: rules.map(({ name: rule, action, severity, isTerminal, ipAction }) => ({
				rule,
				action,
				severity,
				isTerminal,
				ipAction,
			})),
			exempt: exempt.length,
		}));
		return jsonText(facts);
	}
	if (policies.size === 0) return "There is no idp policy\n";
	return lines(
		[...policies].flatMap(([name, { rules, exempt }]) => [
			`Policy ${name}${used.has(name) ? "" : " (no security policy uses it)"}`,
			...rules.map((rule) => `  rule ${rule.name}: ${doings(rule)}`),
			...(exempt.length > 0 ? [`  ${counted(exempt.length, "rule")} of exemption`] : []),
		]),
	);
}

const doneBy = {
	report: "recorded",
	block: "blocked",
	ignore: "not looked at further",
	recommended: "as it recommends",
};

function doings({ action, severity, ipAction, log, packetLog, isTerminal }: IdpRule): string {
	return [
		`attacks are ${doneBy[action]}`,
		...(severity === undefined ? [] : [`severity ${severity}`]),
		...(ipAction === undefined ? [] : [`ip-action ${ipAction.action} of ${ipAction.target}`]),
		...(log === undefined ? [] : [log.isAlert ? "logged as an alert" : "logged"]),
		...(packetLog === undefined ? [] : ["packets kept"]),
		...(isTerminal ? ["terminal"] : []),
	].join(", ");
}

function showAttacks({ gateway }: CommandWorld, { isJson }: HandlerRequest): string {
	const attacks = gateway.idp.attacks();
	if (isJson) return jsonText(attacks);
	if (attacks.length === 0) return `No attack was found since ${utc(gateway.idp.since)}\n`;
	return lines([
		"      Hits   Blocked  Severity  Last seen                Attack",
		...attacks.map(({ hits, blocked, severity, lastAt, sid, message }) =>
			[
				String(hits).padStart(10),
				String(blocked).padStart(8),
				` ${severity.padEnd(8)}`,
				utc(lastAt).padEnd(23),
				`${sid} ${message}`.trim(),
			].join("  "),
		),
	]);
}

/** The rule is looked up in the files, by itself: this process has none loaded. */
function showAttack({ gateway }: CommandWorld, { values, isJson }: HandlerRequest): string {
	const wanted = values.attack ?? "";
	const { files: named, fetchedFiles } = gateway.plan.idp;
	const places = [...named, ...fetchedFiles].map((file) => namedFile(gateway.state, file));
	const files = places.filter((file) => existsSync(file));
	const signature = findSignature(files, wanted);
	const found = gateway.idp.attacks().find(({ sid, message }) => String(sid) === wanted || message === wanted);
	if (signature === undefined && found === undefined)
		throw new Error(`no rule that is understood is called '${wanted}'; expected an identifier (sid) or a name (msg)`);
	if (isJson) return jsonText({ ...(signature === undefined ? {} : factsOf(signature)), found });
	return lines([
		...(signature === undefined ? [] : Object.entries(factsOf(signature)).map(([name, value]) => `${name}: ${value}`)),
		found === undefined
			? "found: never"
			: `found: ${found.hits} times since ${utc(found.firstAt)}, blocked ${found.blocked} times, last ${utc(found.lastAt)}`,
	]);
}

function findSignature(files: readonly string[], wanted: string): Signature | undefined {
	for (const file of files) {
		const text = readBoundedFile(file, maxRuleOctets).toString("latin1");
		const isNumber = /^\d{1,10}$/.test(wanted);
		const sid = new RegExp(`\\bsid\\s*:\\s*${isNumber ? wanted : "-"}\\s*;`);
		const candidates = text.split(/(?<!\\)\r?\n/).filter((line) => (isNumber ? sid.test(line) : line.includes(wanted)));
		const { signatures } = loadRules([{ name: file, text: candidates.slice(0, maxCandidates).join("\n") }]);
		const found = signatures.find(({ sid: id, message }) => String(id) === wanted || message === wanted);
		if (found !== undefined) return found;
	}
	return undefined;
}

function factsOf(signature: Signature) {
	const { sid, rev, message, classtype = "", protocol, direction, action, references } = signature;
	return {
		attack: message,
		identifier: sid,
		revision: rev,
		severity: severityOfSignature(signature),
		category: classtype,
		description: classifications.get(classtype)?.description ?? "",
		service: protocol,
		direction: directions[direction],
		"recommended-action": action === "alert" ? "no-action" : action === "pass" ? "ignore-connection" : "close",
		references: references.join(" "),
	};
}

const directions = { "to-server": "client-to-server", "to-client": "server-to-client", both: "any" } as const;

function showCounters({ gateway }: CommandWorld, { isJson }: HandlerRequest): string {
	const { cleared } = gateway.idp;
	const counters = countersSince(gateway.counters(), cleared?.counters);
	const shown = Object.fromEntries(idpCounters.map((id) => [id, counters[id]]));
	const since = cleared?.at ?? gateway.startedAt;
	if (isJson) return jsonText({ since, ...shown });
	return lines([
		`Since ${utc(since)}`,
		...idpCounters.map((id) => `  ${id.padEnd(22)}${String(counters[id]).padStart(12)}  ${counterTable[id].help}`),
	]);
}

function showIpActions({ gateway }: CommandWorld, { values, isJson }: HandlerRequest): string {
	const entries = gateway.quarantine.ipActions();
	if (isJson)
		return jsonText(
			entries.map(({ until, ipAction: { timeoutMs, ...ipAction }, ...entry }) => ({
				...entry,
				...ipAction,
				until: Number.isFinite(until) ? until : null,
				timeoutSeconds: Number.isFinite(timeoutMs) ? timeoutMs / 1_000 : null,
			})),
		);
	if (values.summary !== undefined) {
		const count = (action: string) => entries.filter(({ ipAction }) => ipAction.action === action).length;
		return lines(
			["block", "close", "notify"].map((action) => `${action.padEnd(8)}${String(count(action)).padStart(8)}`),
		);
	}
	return lines([
		...entries.map(({ ipAction, address, until, why, connections }) => {
			const end = Number.isFinite(until) ? `until ${utc(until)}` : "until it is cleared";
			const what = ipAction.target === "source-address" ? `client ${address}` : ipAction.key.replace(/^notify /, "");
			return `${ipAction.action} ${what}: ${end}; applied to ${counted(connections, "connection")}; after ${why} of ${address}`;
		}),
		`IP action count: ${entries.length}`,
	]);
}

function counted(count: number, noun: string): string {
	return `${count} ${noun}${count === 1 ? "" : "s"}`;
}

function lines(texts: readonly string[]): string {
	return texts.map((text) => `${visibleText(text)}\n`).join("");
}

function jsonText(value: unknown): string {
	return `${visibleJson(value)}\n`;
}

const idpCounters = [
	"attacks_found",
	"attacks_blocked",
	"attacks_logged",
	"attacks_put_together",
	"packet_logs_written",
	"packet_logs_dropped",
	"ip_actions_created",
	"ip_actions_applied",
] as const satisfies readonly CounterId[];
const maxRuleOctets = 67_108_864;
const maxCandidates = 100;
