/** The commands of intrusion detection, as data: `show` and `clear security idp`, and ip-actions under their name of Junos. */
import type { CommandNode } from "#cli/grammar.ts";
import { text } from "#config/leaf-types.ts";
import { address } from "#config/network-types.ts";

export type IdpHandler =
	| "clear-idp-attacks"
	| "clear-idp-counters"
	| "clear-ip-actions"
	| "download-idp-rules"
	| "show-idp-attack"
	| "show-idp-attacks"
	| "show-idp-counters"
	| "show-idp-policies"
	| "show-idp-status"
	| "show-ip-actions";

type Node = CommandNode<IdpHandler>;

const ipActionShow: Node = {
	help: "Connections that attacks have shut off",
	run: "show-ip-actions",
	options: { summary: { help: "How many of each kind" } },
};

const ipActionClear: Node = {
	help: "End ip-actions, those that refuse hosts too",
	run: "clear-ip-actions",
	options: { "source-address": { help: "Only those after attacks of this client", type: address() } },
};

/** `show security idp`. */
export const idpShows: Node = {
	help: "Intrusion detection",
	children: {
		attack: {
			help: "Attacks",
			children: {
				detail: {
					help: "What a signature looks for, and how often it was found",
					value: {
						name: "attack",
						type: text({ min: 1, max: 255, placeholder: "attack" }),
						node: { help: "Identifier (sid) or name (msg)", run: "show-idp-attack" },
					},
				},
				table: { help: "Attacks that were found, most often first", run: "show-idp-attacks" },
			},
		},
		counters: { help: "What was counted since it was last cleared", run: "show-idp-counters" },
		"ip-action": ipActionShow,
		policies: { help: "Policies, and what their rules do", run: "show-idp-policies" },
		status: { help: "Rules, policies in use, attacks", run: "show-idp-status" },
	},
};

/** `clear security idp`. */
export const idpClears: Node = {
	help: "Intrusion detection",
	children: {
		attack: { help: "Attacks", children: { table: { help: "Empty the table of attacks", run: "clear-idp-attacks" } } },
		counters: { help: "Count from zero again", run: "clear-idp-counters" },
		"ip-action": ipActionClear,
	},
};

/** `request security idp`. */
export const idpRequests: Node = {
	help: "Intrusion detection",
	children: {
		"security-package": {
			help: "Rules that are fetched",
			children: { download: { help: "Fetch them now instead of when they are due", run: "download-idp-rules" } },
		},
	},
};

/** `show` and `clear security flow`. */
export const flowShows: Node = { help: "Connections", children: { "ip-action": ipActionShow } };
export const flowClears: Node = { help: "Connections", children: { "ip-action": ipActionClear } };
