/** Every keyword that is understood, by group: what the compiler reads and the reference page lists. */
import { type BufferRow, bufferModifiers, bufferTable, stickyBuffers } from "#signature/buffer-table.ts";
import { contentKeywords } from "#signature/content-keywords.ts";
import { flowKeywords } from "#signature/flow-keywords.ts";
import type { Keyword, KeywordTable } from "#signature/keyword.ts";
import { metaKeywords } from "#signature/meta-keywords.ts";
import type { SignatureDraft } from "#signature/signature-draft.ts";
import { tlsKeywords } from "#signature/tls-keywords.ts";
import { parseTransform, type TransformName, transformTable } from "#signature/transforms.ts";

export interface KeywordGroup {
	readonly title: string;
	readonly keywords: KeywordTable;
}

const buffers: KeywordTable = Object.fromEntries(
	[...stickyBuffers].map(([keyword, name]) => [
		keyword,
		{
			about:
				keyword === name
					? (bufferTable[name] as BufferRow).about
					: keyword === "pkt_data"
						? "goes back to the payload"
						: `the same as ${name}`,
			read: (draft: SignatureDraft, value: string | undefined) => {
				if (value !== undefined) return "it takes no value";
				draft.select(name);
				return undefined;
			},
		},
	]),
);

const modifiers: KeywordTable = Object.fromEntries(
	[...bufferModifiers].map(([keyword, name]) => [
		keyword,
		{
			about: `sends the content before it to ${name}`,
			read: (draft: SignatureDraft, value: string | undefined) =>
				value === undefined ? draft.moveContent(name) : "it takes no value",
		},
	]),
);

const transforms: KeywordTable = Object.fromEntries(
	Object.entries(transformTable).map(([keyword, about]) => [
		keyword,
		{
			about,
			read: (draft: SignatureDraft, value: string | undefined) => {
				const transform = parseTransform(keyword as TransformName, value);
				return typeof transform === "string" ? transform : draft.transform(transform);
			},
		},
	]),
);

export const keywordGroups: readonly KeywordGroup[] = [
	{ title: "About the rule", keywords: metaKeywords },
	{ title: "The connection", keywords: flowKeywords },
	{ title: "Octets", keywords: contentKeywords },
	{ title: "Buffers", keywords: buffers },
	{ title: "Buffers of one content", keywords: modifiers },
	{ title: "Transforms", keywords: transforms },
	{ title: "TLS", keywords: tlsKeywords },
];

/** Every keyword by its name. */
export const keywords: ReadonlyMap<string, Keyword> = new Map(
	keywordGroups.flatMap((group) => Object.entries(group.keywords)),
);
