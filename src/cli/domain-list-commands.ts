/** The commands of lists of domains, as data: `request services ssl proxy decryption-policy`, and what shows them. */
import type { ArgumentType, CommandNode, OptionNode } from "#cli/grammar.ts";
import { enumeration, name, text } from "#config/leaf-types.ts";
import { host } from "#config/network-types.ts";

export type DomainListHandler =
	| "category-delete"
	| "category-export"
	| "category-import"
	| "category-import-directory"
	| "domain-list-delete"
	| "domain-list-export"
	| "domain-list-import"
	| "policy-domains-export"
	| "recommended-delete"
	| "recommended-export"
	| "recommended-import"
	| "show-categories"
	| "show-domain-lists";

type Node = CommandNode<DomainListHandler>;

const file = text({ min: 1, max: 1_024, placeholder: "filename" });

function named(source: string): ArgumentType {
	return { ...name({ max: 63 }), source };
}

const importOptions: Readonly<Record<string, OptionNode>> = {
	filename: { help: "File on the gateway", type: file, mandatory: true },
	format: {
		help: "How it is written; plain when not said",
		type: enumeration({
			plain: "A name a line; *.name covers all below it, .name both",
			hosts: "Addresses with names, as in /etc/hosts",
			squidguard: "A name a line that covers itself and all below it",
			rpz: "A response policy zone",
		}),
	},
	"ignore-errors": { help: "Import what can be read and pass over wrong lines" },
};
const exportOptions: Readonly<Record<string, OptionNode>> = {
	filename: { help: "New file on the gateway", type: file, mandatory: true },
};

function byName(
	help: string,
	source: string,
	run: DomainListHandler,
	options?: Readonly<Record<string, OptionNode>>,
): Node {
	const node: Node = options === undefined ? { help: "Name", run } : { help: "Name", run, options };
	return { help, value: { name: "name", type: named(source), node } };
}

/** `request services ssl proxy decryption-policy`. */
export const domainListRequests: Node = {
	help: "Lists of domains that decryption policies use",
	children: {
		import: {
			help: "Import a list; new sessions follow it",
			children: {
				categories: {
					help: "Every category of a directory, as squidGuard and UT1 lay them out: NAME/domains",
					run: "category-import-directory",
					options: {
						directory: { help: "Directory on the gateway", type: file, mandatory: true },
						"ignore-errors": { help: "Import what can be read and pass over wrong lines" },
					},
				},
				category: byName("The list of a category", "categories", "category-import", importOptions),
				"domain-list": byName(
					"A list for never-decrypt-domain-list",
					"domain-lists",
					"domain-list-import",
					importOptions,
				),
				recommended: {
					help: "A list in place of the recommended exemptions that are shipped",
					run: "recommended-import",
					options: importOptions,
				},
			},
		},
		export: {
			help: "Write a list to a new file, in the plain format",
			children: {
				category: byName("The list of a category", "categories", "category-export", exportOptions),
				"domain-list": byName("A list that was imported", "domain-lists", "domain-list-export", exportOptions),
				policy: byName(
					"The never-decrypt-domains of a decryption policy",
					"decryption-policies",
					"policy-domains-export",
					exportOptions,
				),
				recommended: { help: "The recommended exemptions", run: "recommended-export", options: exportOptions },
			},
		},
		delete: {
			help: "Delete a list; what only it exempted is decrypted from now on",
			children: {
				category: byName("The list of a category", "categories", "category-delete"),
				"domain-list": byName("A list that was imported", "domain-lists", "domain-list-delete"),
				recommended: { help: "The own list, so that the shipped one counts again", run: "recommended-delete" },
			},
		},
	},
};

/** `show services ssl proxy categories` and `domain-lists`. */
export const domainListShows: Readonly<Record<string, Node>> = {
	categories: {
		help: "Categories whose lists are loaded, or those that a name is in",
		run: "show-categories",
		options: { domain: { help: "Name of a server", type: host() } },
	},
	"domain-lists": { help: "Lists of domains that were imported", run: "show-domain-lists" },
};
