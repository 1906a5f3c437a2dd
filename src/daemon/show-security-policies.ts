/** `show security policies`: the policies in the order in which they are tried, and how often each decided. */
import { formatAddress, formatPrefix } from "#base/address.ts";
import type { CommandWorld } from "#daemon/gateway-view.ts";
import type { PolicyCount } from "#daemon/policy-hits.ts";
import type { ApplicationTerm } from "#policy/application-ports.ts";
import { ipProtocols } from "#policy/application-types.ts";
import { type OrderedPolicy, orderPolicies } from "#policy/order-policies.ts";
import type { AddressEntry } from "#policy/resolve-addresses.ts";
import { isScheduleActive } from "#policy/schedule.ts";
import { visibleText } from "#telemetry/display-text.ts";

type Values = Readonly<Record<string, string>>;

/** In the layout of Junos; with `detail` what the names mean. */
export function showSecurityPolicies(world: CommandWorld, values: Values, now: number): string {
	const isPermit = world.gateway.plan.policy.isDefaultPermit;
	const lines = values.detail === undefined ? [`Default policy: ${isPermit ? "permit-all" : "deny-all"}`] : [];
	let context = "";
	for (const { policy, index } of chosen(world, values)) {
		const heading = contextOf(policy);
		if (values.detail === undefined && heading !== context) lines.push(heading);
		context = heading;
		const count = world.gateway.policyHits.of(policy.key);
		lines.push(...(values.detail === undefined ? brief(policy, index, now) : detailed(policy, index, now, count)));
	}
	return `${lines.map(visibleText).join("\n")}\n`;
}

/**
 * `show security policies hit-count`: sessions that have ended and connections that the packet filter decided, since
 * the gateway started or since it was cleared.
 */
export async function* showPolicyHits(world: CommandWorld, values: Values, isJson: boolean): AsyncIterable<string> {
	const countOf = await world.gateway.policyHits.all();
	const rows = chosen(world, values).map(({ policy, index }) => ({
		index,
		fromZone: zoneText(policy.fromZones),
		toZone: zoneText(policy.toZones),
		name: policy.name,
		count: countOf(policy.key),
		action: `${policy.action.slice(0, 1).toUpperCase()}${policy.action.slice(1)}`,
	}));
	if (isJson) return yield `${JSON.stringify(rows, undefined, 4)}\n`;
	const line = (cells: readonly (string | number)[]) =>
		cells
			.map((cell, at) => String(cell).padEnd(widths[at] ?? 0))
			.join(" ")
			.trimEnd();
	const lines = [line(["Index", "From zone", "To zone", "Name", "Policy count", "Action"])];
	for (const { index, fromZone, toZone, name, count, action } of rows) {
		lines.push(line([index, fromZone, toZone, name, count, action]));
	}
	lines.push("", `Number of policy: ${rows.length}`);
	yield `${lines.map(visibleText).join("\n")}\n`;
}

/** `clear security policies hit-count`: of the policies that are chosen, or of all. */
export function clearPolicyHits(world: CommandWorld, values: Values): string {
	const { policyHits } = world.gateway;
	if (Object.keys(values).length === 0) policyHits.clear();
	else for (const { policy } of chosen(world, values)) policyHits.clear(policy.key);
	return "";
}

interface Numbered {
	readonly policy: OrderedPolicy;
	/** From 1, over all policies. */
	readonly index: number;
}

function chosen({ gateway }: CommandWorld, values: Values): readonly Numbered[] {
	const { config } = gateway.configuration;
	if (config === undefined) return [];
	const numbered = orderPolicies(config).map((policy, at) => ({ policy, index: at + 1 }));
	return numbered.filter(({ policy: { name, fromZones, toZones } }) => {
		const isFrom = values["from-zone"] === undefined || (fromZones?.has(values["from-zone"]) ?? false);
		const isTo = values["to-zone"] === undefined || (toZones?.has(values["to-zone"]) ?? false);
		return isFrom && isTo && (values["policy-name"] === undefined || values["policy-name"] === name);
	});
}

function brief(policy: OrderedPolicy, index: number, now: number): readonly string[] {
	const { match, then } = policy.statement;
	const services = then.permit?.applicationServices;
	return [
		`  Policy: ${policy.name}, State: ${stateOf(policy, now)}, Index: ${index}, Scope Policy: 0, Sequence number: ${policy.sequence}`,
		...(policy.isGlobal
			? [`    From zones: ${zoneText(policy.fromZones)}`, `    To zones: ${zoneText(policy.toZones)}`]
			: []),
		`    Source addresses${policy.excludesSources ? "(excluded)" : ""}: ${match.sourceAddress.join(", ")}`,
		`    Destination addresses${policy.excludesDestinations ? "(excluded)" : ""}: ${match.destinationAddress.join(", ")}`,
		`    Applications: ${match.application.join(", ")}`,
		...(policy.schedule === undefined ? [] : [`    Scheduler name: ${policy.schedule.name}`]),
		`    Action: ${policy.action}${services?.sslProxy.profileName === undefined ? "" : ", application services"}`,
	];
}

function detailed(policy: OrderedPolicy, index: number, now: number, count: PolicyCount): readonly string[] {
	const profile = policy.statement.then.permit?.applicationServices.sslProxy.profileName;
	const { description } = policy.statement;
	return [
		`Policy: ${policy.name}, action-type: ${policy.action}, State: ${stateOf(policy, now)}, Index: ${index}, Scope Policy: 0`,
		...(description === undefined ? [] : [`  Description: ${description}`]),
		`  Policy Type: Configured${policy.isGlobal ? ", global" : ""}`,
		`  Sequence number: ${policy.sequence}`,
		`  From zone: ${zoneText(policy.fromZones)}, To zone: ${zoneText(policy.toZones)}`,
		`  Source addresses${policy.excludesSources ? "(excluded)" : ""}:`,
		...policy.sources.map(addressLine),
		`  Destination addresses${policy.excludesDestinations ? "(excluded)" : ""}:`,
		...policy.destinations.map(addressLine),
		...(policy.terms === undefined ? ["  Application: any"] : policy.terms.flatMap(termLines)),
		...(policy.schedule === undefined ? [] : [`  Scheduler name: ${policy.schedule.name}`]),
		...(profile === undefined ? [] : [`  SSL proxy profile: ${profile}`]),
		...logLines(policy),
		...(policy.isCounted ? countLines(count) : []),
	];
}

function logLines({ statement }: OrderedPolicy): readonly string[] {
	const { sessionInit, sessionClose } = statement.then.log;
	const when = [sessionInit ? "session-init" : "", sessionClose ? "session-close" : ""].filter((word) => word !== "");
	return when.length === 0 ? [] : [`  Session log: ${when.join(", ")}`];
}

function countLines({ sessions, octetsToServer, octetsToClient }: PolicyCount): readonly string[] {
	return [
		"  Policy statistics:",
		`    Input  bytes       : ${octetsToServer}`,
		`    Output bytes       : ${octetsToClient}`,
		`    Policy lookups     : ${sessions}`,
	];
}

function contextOf({ isGlobal, fromZones, toZones }: OrderedPolicy): string {
	return isGlobal ? "Global policies:" : `From zone: ${zoneText(fromZones)}, To zone: ${zoneText(toZones)}`;
}

function stateOf({ schedule }: OrderedPolicy, now: number): string {
	return schedule === undefined || isScheduleActive(schedule, now) ? "enabled" : "inactive";
}

function zoneText(zones: ReadonlySet<string> | undefined): string {
	return zones === undefined ? "any" : [...zones].join(", ");
}

function addressLine(entry: AddressEntry): string {
	if (entry.kind === "any") return "    any";
	if (entry.kind === "prefix") return `    ${entry.entry}: ${formatPrefix(entry.prefix)}`;
	if (entry.kind === "host") return `    ${entry.entry}: ${entry.pattern}`;
	return `    ${entry.entry}: ${formatAddress(entry.wildcard.address)}/${formatAddress(entry.wildcard.mask)}`;
}

function termLines({ application, protocol, ports, icmpType, icmpCode }: ApplicationTerm): readonly string[] {
	const name = [...ipProtocols].find(([, number]) => number === protocol)?.[0] ?? String(protocol);
	const lines = [`  Application: ${application}`, `    IP protocol: ${name}`];
	if (ports !== undefined) lines.push(`    Destination port range: [${ports.from}-${ports.to}]`);
	if (icmpType !== undefined) lines.push(`    ICMP Information: type=${icmpType}, code=${icmpCode ?? "any"}`);
	return lines;
}

const widths = [7, 16, 16, 24, 14, 8];
