/** `test decryption-policy` and `show security match-policies`: what would become of a connection, and why. */
import { formatAddress, parseAddress } from "#base/address.ts";
import { normalizeHostName } from "#base/host-name.ts";
import type { CommandWorld } from "#daemon/gateway-view.ts";
import { quarantined } from "#inspect/precedence.ts";
import { QuarantineList } from "#inspect/quarantine-list.ts";
import type { ReputationFacts } from "#inspect/reputation.ts";
import { type ConnectionFacts, type Decision, evaluateConnect, evaluateHello } from "#policy/evaluate.ts";
import { type DecisionStory, explainDecision } from "#proxy/explain-decision.ts";
import { learnedKey } from "#proxy/learned-bypass.ts";
import { unlessLearned } from "#proxy/learned-decision.ts";
import { type Precedence, precedeDecision, precedeHello } from "#proxy/precede-decision.ts";
import type { ProxyProfile } from "#proxy/profile.ts";
import { visibleText } from "#telemetry/display-text.ts";

type Values = Readonly<Record<string, string>>;

/** Asks the policy that new sessions meet, as a worker does, what was learned, and the stages before signatures. */
export async function testDecryption(world: CommandWorld, values: Values): Promise<string> {
	const zone = values["from-zone"] === undefined ? {} : { fromZone: values["from-zone"] };
	const port = values["destination-port"] ?? "443";
	const asked = factsOf(values.from, values.to, port, values.sni, values.host);
	const facts = { ...resolved(world, asked), ...zone };
	const { early, decision, rule, precedence, areFeedsKnown } = await judged(world, { ...facts, ja3: values.ja3 });
	const lines = [
		`Connection: ${describe(asked)}`,
		`Decision: ${decision.action}${early ? ", before a ClientHello is read" : ""}`,
		`Policy: ${decision.rule}`,
		`Because: ${decision.fact}`,
	];
	if (decision.stage !== undefined) lines.push(`Stage: ${decision.stage}`);
	if (decision.rateLimit !== undefined) lines.push(`Rate: shared by traffic-management ${decision.rateLimit.rule}`);
	const feeds = precedence.plan.reputation.has(rule) ? feedsText(decision, facts, areFeedsKnown) : undefined;
	if (feeds !== undefined) lines.push(`Feeds: ${feeds}`);
	const place = { zone: facts.fromZone, server: facts.server, port: facts.port };
	const shutOff = quarantined(precedence.state().quarantine, facts.client, Date.now(), place)?.because;
	if (shutOff !== undefined && decision.action === "decrypt" && decision.stage === undefined)
		lines.push(`Quarantine: ${shutOff}; what it asks for is refused once the session is open`);
	if (decision.profile !== undefined) lines.push(`Profile: ${decision.profile.name}`);
	const { evidence, then, outcome } = story(world, decision, facts);
	lines.push(`Evidence: ${evidence}`, `Then: ${then}`, `Outcome: ${outcome}`);
	return `${lines.map(visibleText).join("\n")}\n`;
}

/** The same, in the words and with the output of Junos: the policy first, then what becomes of it. */
export async function matchPolicies(world: CommandWorld, values: Values): Promise<string> {
	const name = values.sni ?? values["server-name"];
	const facts = {
		...factsOf(values["source-ip"], values["destination-ip"], values["destination-port"] ?? "443", name, name),
		...(values["from-zone"] === undefined ? {} : { fromZone: values["from-zone"] }),
		...(values["to-zone"] === undefined ? {} : { toZone: values["to-zone"] }),
	};
	const { policy } = world.gateway.plan;
	const permitted = evaluateConnect(policy, facts) ?? learnedToo(world, evaluateHello(policy, facts), facts);
	const index = policy.rules.findIndex((rule) => rule.name === permitted.rule);
	const rule = policy.rules[index];
	const action = rule?.action ?? (permitted.action === "block" ? "deny" : "permit");
	const place = rule?.name.endsWith(")") === true ? "zone" : "global";
	const { decision } = await judged(world, facts);
	const { evidence, then, outcome } = story(world, decision, facts);
	const lines = [
		`Policy: ${permitted.rule}, action-type: ${action}, State: enabled${index === -1 ? "" : `, Index: ${index + 1}`}`,
		`  Policy Type: Configured${place === "zone" ? "" : ", global"}`,
		`  Sequence number: ${index === -1 ? "default" : index + 1}`,
		`  TLS: ${decision.action === "decrypt" ? `opened by profile ${decision.profile.name}` : decision.action === "bypass" ? "relayed untouched" : "-"}`,
		`  Because: ${decision.fact}`,
		...(decision.stage === undefined ? [] : [`  Stage: ${decision.stage}`]),
		`  Evidence: ${evidence}`,
		`  Then: ${then}`,
		`  Outcome: ${outcome}`,
	];
	return `${lines.map(visibleText).join("\n")}\n`;
}

interface Judged {
	readonly decision: Decision<ProxyProfile>;
	/** The security policy, whatever a stage made of it. */
	readonly rule: string;
	/** It is certain before a ClientHello is read. */
	readonly early: boolean;
	readonly precedence: Precedence;
	readonly areFeedsKnown: boolean;
}

async function judged(world: CommandWorld, facts: ConnectionFacts & ReputationFacts): Promise<Judged> {
	const { policy, precedence: plan } = world.gateway.plan;
	const permitted = learnedToo(world, evaluateHello(policy, facts), facts);
	const { rule } = permitted;
	const feeds = plan.reputation.has(rule) ? await world.gateway.askFeeds(facts) : new Map();
	const quarantine = new QuarantineList(world.gateway.plan.quarantine);
	quarantine.replace(world.gateway.quarantine.entries());
	const precedence = { plan, state: () => ({ feeds: feeds ?? new Map(), quarantine }) };
	const early = evaluateConnect(policy, facts) ?? precedeHello(precedence, facts);
	const decision = early ?? precedeDecision(permitted, precedence, facts, true, rule);
	return { decision, rule, early: early !== undefined, precedence, areFeedsKnown: feeds !== undefined };
}

/** Undefined when it is blocked: the last word stands above. */
function feedsText(
	{ action, reputation }: Decision<ProxyProfile>,
	{ server }: ConnectionFacts,
	areKnown: boolean,
): string | undefined {
	if (action === "block") return undefined;
	if (!areKnown) return "no worker answered; sessions ask them";
	const later = "URLs and certificates are compared once it is open";
	const unknown = server === undefined ? ", nor is the server's address, which is not known here, asked for" : "";
	if (reputation === undefined) return `nothing of it stands in them${unknown}; ${later}`;
	return `${reputation.because}; ${reputation.rule}: permit`;
}

/** Where the configuration says which address a name has. */
function resolved({ gateway }: CommandWorld, facts: ConnectionFacts): ConnectionFacts {
	const { server, requestedName, sni } = facts;
	if (server !== undefined) return facts;
	return { ...facts, server: gateway.plan.staticHosts.get(requestedName ?? sni ?? "")?.[0] };
}

function story({ gateway }: CommandWorld, decision: Decision<ProxyProfile>, facts: ConnectionFacts): DecisionStory {
	return explainDecision(decision, facts, gateway.plan.trustsSni);
}

function learnedToo(
	{ gateway }: CommandWorld,
	decision: Decision<ProxyProfile>,
	facts: ConnectionFacts,
): Decision<ProxyProfile> {
	const { client, server, port, sni, requestedName } = facts;
	const host = requestedName ?? (server === undefined ? (sni ?? "") : formatAddress(server));
	const entries = new Map(gateway.learnedBypass.entries().map((entry) => [learnedKey(entry), entry]));
	return unlessLearned(decision, { client, host, port, sni }, (key) => entries.get(key), facts.now ?? 0);
}

function factsOf(
	client: string | undefined,
	server: string | undefined,
	port: string,
	sni: string | undefined,
	requested: string | undefined,
): ConnectionFacts {
	const from = parseAddress(client ?? "");
	if (from === undefined) throw new Error("expected the address of a client");
	return {
		client: from,
		now: Date.now(),
		server: server === undefined ? undefined : parseAddress(server),
		port: Number(port),
		sni: sni === undefined ? undefined : normalizeHostName(sni),
		requestedName: requested === undefined ? undefined : normalizeHostName(requested),
	};
}

function describe({ client, server, port, sni, requestedName }: ConnectionFacts): string {
	const to = server === undefined ? (requestedName ?? sni ?? "any server") : formatAddress(server);
	const name = sni === undefined ? "" : `, server name ${sni}`;
	return `from ${formatAddress(client)} to ${to} port ${port}${name}`;
}
