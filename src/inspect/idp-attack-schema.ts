/** `security idp custom-attack-group` and `dynamic-attack-group`: groups of signatures with a name. */
import { error, type Finding } from "#config/finding.ts";
import { enumeration, name, reference, text } from "#config/leaf-types.ts";
import { container, flag, leafList, list, type Snapshot } from "#config/schema.ts";
import { attackSeverities } from "#inspect/attack-severity.ts";

export const attackName = name({ also: ":/ ()", max: 127, placeholder: "attack" });

/** What a rule looks for. */
export const attacks = container({
	help: "What is looked for",
	children: {
		"predefined-attacks": leafList(attackName, { help: "Signatures of the rules by identifier (sid) or name (msg)" }),
		"predefined-attack-groups": leafList(attackName, {
			help: "Groups of signatures: all, a class such as trojan-activity, a protocol such as http",
		}),
		"custom-attacks": leafList(attackName, { help: "Signatures of files of this installation" }),
		"custom-attack-groups": leafList(attackName, {
			help: "Groups of such signatures: those of custom-attack-group, else a class or a protocol",
		}),
		"dynamic-attack-groups": leafList(reference("security idp dynamic-attack-group"), {
			help: "Groups that follow from properties of signatures",
		}),
	},
});

function values(what: string) {
	return container({
		help: what,
		children: {
			values: leafList(text({ min: 1, max: 255 }), { help: "One of these", maxValues: maxFilterValues }),
		},
	});
}

const maxFilterValues = 256;

export const attackGroups = {
	"custom-attack-group": list({
		help: "A group of signatures",
		keys: { name: attackName },
		children: {
			"group-members": leafList(attackName, {
				help: "Signatures by identifier or name, classes, protocols, and other groups",
			}),
		},
	}),
	"dynamic-attack-group": list({
		help: "A group of the signatures that have some properties, whichever files of rules bring",
		keys: { name: attackName },
		children: {
			filters: container({
				help: "Properties: all of them must hold",
				children: {
					category: values("Class, by its name (trojan-activity) or its description"),
					severity: container({
						help: "Severity: that of the metadata (signature_severity), else by priority",
						children: { values: leafList(enumeration(attackSeverities), { help: "One of these" }) },
					}),
					direction: container({
						help: "Which way the attack travels",
						children: {
							values: leafList(
								enumeration({
									"client-to-server": "To servers",
									"server-to-client": "To clients",
									any: "Signatures that look at both",
								}),
								{ help: "One of these" },
							),
						},
					}),
					service: values("Protocol that the signature is about, such as http, tls, smtp"),
					"attack-prefix": values("Beginning of the signature's name"),
					products: values("Part of what the metadata calls affected_product"),
					cve: values("Number of a vulnerability, such as CVE-2021-44228"),
					recommended: flag({ help: "Only signatures that block by themselves (drop, reject)" }),
				},
			}),
		},
	}),
};

const all = container({ help: "Groups", children: attackGroups });

export type AttackGroupsConfig = Snapshot<typeof all>;

/** A group of everything by mistake would block everything. */
export function verifyAttackGroups({ customAttackGroup, dynamicAttackGroup }: AttackGroupsConfig): readonly Finding[] {
	const findings: Finding[] = [];
	for (const [group, { groupMembers }] of customAttackGroup) {
		if (groupMembers.length > 0) continue;
		const path = ["security", "idp", "custom-attack-group", group];
		findings.push(error(path, "group-members", "names nobody"));
	}
	for (const [group, { filters }] of dynamicAttackGroup) {
		const { recommended, ...lists } = filters;
		if (recommended || Object.values(lists).some((filter) => filter.values.length > 0)) continue;
		const path = ["security", "idp", "dynamic-attack-group", group];
		findings.push(error(path, "filters", "asks for nothing, which would be every signature; use group all for that"));
	}
	return findings;
}
