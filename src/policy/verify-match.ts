/** What a commit says about the conditions of a policy: those that nothing can tell must not seem to be met. */
import { error, type Finding } from "#config/finding.ts";
import { membersOfApplications } from "#policy/application-ports.ts";
import type { Applications } from "#policy/application-schema.ts";
import type { OrderedPolicy } from "#policy/order-policies.ts";

/** Conditions without an engine, exclusions of everybody, sources by name. */
export function verifyMatch(policy: OrderedPolicy, applications: Applications): readonly Finding[] {
	const { match } = policy.statement;
	const path = [...policy.path, "match"];
	const findings: Finding[] = [];
	const untold = [
		["source-identity", match.sourceIdentity],
		["dynamic-application", match.dynamicApplication],
		["url-category", match.urlCategory],
	] as const;
	for (const [statement, names] of untold) {
		if (names.every((name) => name === "any")) continue;
		findings.push(error(path, statement, "this version cannot tell it, so the policy would match more than it says"));
	}
	const exclusions = [
		["source-address-excluded", policy.excludesSources, policy.sources],
		["destination-address-excluded", policy.excludesDestinations, policy.destinations],
	] as const;
	for (const [statement, isExcluded, entries] of exclusions) {
		if (isExcluded && entries.some(({ kind }) => kind === "any"))
			findings.push(error(path, statement, "excludes 'any', so the policy would match nothing; name addresses"));
	}
	for (const { kind, entry } of policy.sources) {
		if (kind === "host")
			findings.push(
				error(path, "source-address", `'${entry}' is a dns-name; clients are told by their addresses only`),
			);
	}
	for (const name of membersOfApplications(applications, match.application)) {
		const statements = untoldStatements(applications, name);
		if (statements.length === 0) continue;
		const message = `'${name}' asks for ${statements.join(", ")}, which this version cannot tell`;
		findings.push(error(path, "application", message));
	}
	return findings;
}

/** Statements of an application that narrow it and that nothing acts on. */
function untoldStatements(applications: Applications, name: string): readonly string[] {
	const own = applications.application.get(name);
	if (own === undefined) return [];
	const terms = [own, ...own.term.values()];
	return [
		...(terms.some((term) => term.sourcePort !== undefined) ? ["source-port"] : []),
		...(terms.some((term) => term.rpcProgramNumber !== undefined) ? ["rpc-program-number"] : []),
		...(terms.some((term) => term.uuid !== undefined) ? ["uuid"] : []),
	];
}
