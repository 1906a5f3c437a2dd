/** What the attacks that a rule names select of the signatures: single ones, groups, and groups that follow from properties. */
import { type AttackSeverity, severityOfSignature } from "#inspect/attack-severity.ts";
import type { AttackGroupsConfig } from "#inspect/idp-attack-schema.ts";
import { classifications } from "#signature/classifications.ts";
import type { Signature } from "#signature/signature.ts";

/** All of the filters must hold; of the values of one, one. Values are in lower case; an empty list asks nothing. */
export interface DynamicGroup {
	readonly categories: readonly string[];
	readonly severities: readonly AttackSeverity[];
	readonly directions: readonly Signature["direction"][];
	readonly services: readonly string[];
	readonly prefixes: readonly string[];
	readonly products: readonly string[];
	readonly cves: readonly string[];
	readonly isRecommended: boolean;
}

export interface AttackSelection {
	/** Identifiers and messages. */
	readonly names: readonly string[];
	/** `all`, classes and protocols, in lower case. */
	readonly groups: readonly string[];
	readonly dynamic: readonly DynamicGroup[];
}

/** `match attacks`, as far as it is read. */
export interface AttackStatement {
	readonly predefinedAttacks: readonly string[];
	readonly predefinedAttackGroups: readonly string[];
	readonly customAttacks: readonly string[];
	readonly customAttackGroups: readonly string[];
	readonly dynamicAttackGroups: readonly string[];
}

/**
 * Resolves the names of a rule. A custom group stands for its members, each of which may be an attack, a group of either
 * kind, a class or a protocol; groups that are each other's members are gone through once.
 */
export function selectAttacks(config: AttackGroupsConfig, attacks: AttackStatement): AttackSelection {
	const names = new Set([...attacks.predefinedAttacks, ...attacks.customAttacks]);
	const groups = new Set(attacks.predefinedAttackGroups.map((group) => group.toLowerCase()));
	const dynamic = new Set(attacks.dynamicAttackGroups);
	const reached = new Set(attacks.customAttackGroups);
	for (const name of reached) {
		const group = config.customAttackGroup.get(name);
		if (group !== undefined) for (const member of group.groupMembers) reached.add(member);
		else if (config.dynamicAttackGroup.has(name)) dynamic.add(name);
		else {
			names.add(name);
			groups.add(name.toLowerCase());
		}
	}
	return {
		names: [...names],
		groups: [...groups],
		dynamic: [...dynamic].flatMap((name) => dynamicGroup(config.dynamicAttackGroup.get(name))),
	};
}

/** Which of many selections a signature is among, without asking each of them. */
export class AttackIndex {
	readonly #byName = new Map<string, number[]>();
	readonly #byGroup = new Map<string, number[]>();
	readonly #dynamic: (readonly [number, DynamicGroup])[] = [];

	constructor(selections: readonly AttackSelection[]) {
		for (const [place, { names, groups, dynamic }] of selections.entries()) {
			for (const name of names) put(this.#byName, name, place);
			for (const group of groups) put(this.#byGroup, group, place);
			for (const group of dynamic) this.#dynamic.push([place, group]);
		}
	}

	/** Their places, ascending, each once. */
	placesOf(signature: Signature): readonly number[] {
		const { sid, message, classtype = "", protocol } = signature;
		const places = new Set<number>();
		for (const list of [
			this.#byName.get(String(sid)),
			this.#byName.get(message),
			this.#byGroup.get("all"),
			this.#byGroup.get(classtype),
			this.#byGroup.get(protocol),
		])
			for (const place of list ?? []) places.add(place);
		for (const [place, group] of this.#dynamic) if (!places.has(place) && fits(group, signature)) places.add(place);
		return [...places].sort((a, b) => a - b);
	}
}

function put(lists: Map<string, number[]>, key: string, place: number): void {
	const list = lists.get(key);
	if (list === undefined) lists.set(key, [place]);
	else list.push(place);
}

type DynamicStatement = NonNullable<ReturnType<AttackGroupsConfig["dynamicAttackGroup"]["get"]>>;

function dynamicGroup(statement: DynamicStatement | undefined): DynamicGroup[] {
	if (statement === undefined) return [];
	const { category, severity, direction, service, attackPrefix, products, cve, recommended } = statement.filters;
	return [
		{
			categories: lower(category.values),
			severities: severity.values,
			directions: direction.values.map((value) => directions[value]),
			services: lower(service.values),
			prefixes: lower(attackPrefix.values),
			products: lower(products.values),
			cves: cve.values.map(cveNumber),
			isRecommended: recommended,
		},
	];
}

function fits(group: DynamicGroup, signature: Signature): boolean {
	const { classtype = "", protocol, message, direction, action } = signature;
	const description = classifications.get(classtype)?.description.toLowerCase() ?? "";
	if (!asked(group.categories, (value) => value === classtype || value === description)) return false;
	if (!asked(group.severities, (value) => value === severityOfSignature(signature))) return false;
	if (!asked(group.directions, (value) => value === direction)) return false;
	if (!asked(group.services, (value) => value === protocol)) return false;
	if (!asked(group.prefixes, (value) => message.toLowerCase().startsWith(value))) return false;
	if (group.products.length > 0) {
		const products = valuesOf(signature, "affected_product").map((value) => value.toLowerCase());
		if (!group.products.some((wanted) => products.some((product) => product.includes(wanted)))) return false;
	}
	if (group.cves.length > 0) {
		const cves = new Set(cvesOf(signature));
		if (!group.cves.some((wanted) => cves.has(wanted))) return false;
	}
	return !group.isRecommended || (action !== "alert" && action !== "pass");
}

function asked<V>(values: readonly V[], holds: (value: V) => boolean): boolean {
	return values.length === 0 || values.some(holds);
}

function cvesOf(signature: Signature): string[] {
	const references = signature.references.flatMap((reference) => {
		const [kind, number = ""] = reference.split(",", 2);
		return kind?.trim().toLowerCase() === "cve" ? [number] : [];
	});
	return [...references, ...valuesOf(signature, "cve")].map(cveNumber);
}

/** `CVE_2021_44228`, `cve-2021-44228` and `2021-44228` are one. */
function cveNumber(text: string): string {
	return text.trim().replaceAll("_", "-").replace(/^cve-/i, "");
}

function valuesOf({ metadata }: Signature, key: string): string[] {
	return metadata.filter((word) => word.startsWith(`${key} `)).map((word) => word.slice(key.length + 1));
}

function lower(values: readonly string[]): string[] {
	return values.map((value) => value.toLowerCase());
}

const directions = { "client-to-server": "to-server", "server-to-client": "to-client", any: "both" } as const;
