/** The commands of feeds, as data: `show`, `clear` and `request security intelligence`. */
import type { CommandNode, OptionNode } from "#cli/grammar.ts";
import { name } from "#config/leaf-types.ts";

export type IntelligenceHandler = "clear-feed-matches" | "show-feed-matches" | "show-feeds" | "update-feeds";

type Node = CommandNode<IntelligenceHandler>;

const feed: OptionNode = { help: "Only this one", type: { ...name(), source: "feeds" } };

/** `show security intelligence`. */
export const intelligenceShows: Node = {
	help: "Feeds of known bad addresses, names and fingerprints",
	children: {
		feeds: {
			help: "Where they come from, what was read of them, how old they are",
			run: "show-feeds",
			options: { "feed-name": feed },
		},
		statistics: { help: "How often their entries matched", run: "show-feed-matches" },
	},
};

/** `clear security intelligence`. */
export const intelligenceClears: Node = {
	help: "Feeds",
	children: { statistics: { help: "How often their entries matched, back to zero", run: "clear-feed-matches" } },
};

/** `request security intelligence`. */
export const intelligenceRequests: Node = {
	help: "Feeds",
	children: {
		update: {
			help: "Fetch feeds now instead of when they are due",
			run: "update-feeds",
			options: { "feed-name": feed },
		},
	},
};
