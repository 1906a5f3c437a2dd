/** `security idp idp-policy`: which signatures a policy looks for, and what becomes of a connection that matches one. */
import type { IdpConfig } from "#inspect/idp-schema.ts";
import type { RuleAction } from "#signature/parse-rule.ts";
import type { Signature } from "#signature/signature.ts";

/** What a rule of a policy does; "recommended" leaves it to the signature. */
export type IdpAction = "report" | "block" | "ignore" | "recommended";

export interface IdpRule {
	readonly names: readonly string[];
	readonly groups: readonly string[];
	readonly action: IdpAction;
	/** Seconds for which the client is shut off; 0: as long as the quarantine is configured for. */
	readonly quarantineSeconds?: number;
}

type IdpSelection = Omit<IdpRule, "action" | "quarantineSeconds">;

export interface IdpPlan {
	/** In order; the first rule that names a signature counts. */
	readonly rules: readonly IdpRule[];
	readonly exempt: readonly IdpSelection[];
}

/** The plan of each policy. */
export function compileIdpPolicies({ idpPolicy }: IdpConfig): ReadonlyMap<string, IdpPlan> {
	const plans = new Map<string, IdpPlan>();
	for (const [name, { rulebaseIps, rulebaseExempt }] of idpPolicy) {
		plans.set(name, {
			rules: [...rulebaseIps.rule.values()].map(({ match, then }) => ({
				...selection(match.attacks),
				action: actionOf(then.action),
				...(then.ipAction.ipBlock || then.ipAction.ipClose ? { quarantineSeconds: then.ipAction.timeout } : {}),
			})),
			exempt: [...rulebaseExempt.rule.values()].map(({ match }) => selection(match.attacks)),
		});
	}
	return plans;
}

/**
 * The signatures of a policy with the action that it gives them.
 *
 * Names are identifiers (`2024897`) or messages; groups are `all`, a class (`trojan-activity`) or a protocol (`http`). A
 * signature that no rule names only keeps the bits that others ask for: it is told to nobody.
 */
export function selectSignatures(signatures: readonly Signature[], { rules, exempt }: IdpPlan): readonly Signature[] {
	const selected: Signature[] = [];
	const wantedBits = new Set<string>();
	for (const signature of signatures) {
		const rule = rules.find((each) => names(each, signature));
		if (rule === undefined || exempt.some((each) => names(each, signature))) continue;
		for (const { command, names: bits } of signature.flowBits)
			if (command.startsWith("is")) for (const bit of bits) wantedBits.add(bit);
		const { quarantineSeconds } = rule;
		const shutsOff = quarantineSeconds === undefined ? {} : { quarantineSeconds };
		selected.push({ ...signature, action: ruleAction(rule.action, signature.action), ...shutsOff });
	}
	const taken = new Set(selected.map(idOf));
	for (const signature of signatures) {
		const sets = signature.flowBits.some(
			({ command, names: bits }) => !command.startsWith("is") && bits.some((bit) => wantedBits.has(bit)),
		);
		if (sets && !taken.has(idOf(signature))) selected.push({ ...signature, action: "alert", isNoAlert: true });
	}
	return selected;
}

function idOf({ gid, sid }: Signature): string {
	return `${gid}:${sid}`;
}

function names({ names: wanted, groups }: IdpSelection, { sid, message, classtype, protocol }: Signature): boolean {
	if (wanted.includes(String(sid)) || wanted.includes(message)) return true;
	return groups.some((group) => group === "all" || group === classtype || group === protocol);
}

function ruleAction(action: IdpAction, recommended: RuleAction): RuleAction {
	if (action === "recommended") return recommended;
	if (action === "ignore") return "pass";
	return action === "block" ? "drop" : "alert";
}

interface Attacks {
	readonly predefinedAttacks: readonly string[];
	readonly predefinedAttackGroups: readonly string[];
	readonly customAttacks: readonly string[];
	readonly customAttackGroups: readonly string[];
}

function selection(attacks: Attacks): IdpSelection {
	return {
		names: [...attacks.predefinedAttacks, ...attacks.customAttacks],
		groups: [...attacks.predefinedAttackGroups, ...attacks.customAttackGroups].map((group) => group.toLowerCase()),
	};
}

function actionOf(action: {
	readonly noAction: boolean;
	readonly ignoreConnection: boolean;
	readonly recommended: boolean;
}): IdpAction {
	if (action.noAction) return "report";
	if (action.ignoreConnection) return "ignore";
	return action.recommended ? "recommended" : "block";
}
