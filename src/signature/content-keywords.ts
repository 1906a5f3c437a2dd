/** Keywords that look at octets: content with its modifiers, pcre, sizes, numbers, datasets. */

import { type BufferName, stickyBuffers } from "#signature/buffer-table.ts";
import {
	parseAmount,
	parseByteExtract,
	parseByteJump,
	parseByteMath,
	parseByteTest,
	parseDataAt,
} from "#signature/byte-keywords.ts";
import { decodeContent, readQuoted } from "#signature/content-text.ts";
import type { KeywordTable } from "#signature/keyword.ts";
import { parseRange } from "#signature/number-range.ts";
import { parsePcre } from "#signature/pcre.ts";
import type { Amount, DatasetForm, DatasetStep } from "#signature/signature.ts";
import type { DraftContent, DraftStep, SignatureDraft } from "#signature/signature-draft.ts";

export const contentKeywords: KeywordTable = {
	content: {
		about: "octets that must be there, with ! those that must not",
		read: (draft, value) => readContent(draft, value),
	},
	uricontent: {
		about: "content in http.uri",
		read: (draft, value) => {
			if (draft.selected !== undefined) return `it stands behind ${draft.selected}, which has selected a buffer`;
			return readContent(draft, value) ?? draft.moveContent("http.uri");
		},
	},
	nocase: modifier("ASCII letters match in either case", (content) => {
		content.ignoresCase = true;
		return undefined;
	}),
	rawbytes: modifier("accepted; changes nothing, as in Suricata", () => undefined),
	fast_pattern: {
		about: "the content to search for first; `only` and offsets are accepted, matches stay the same",
		read: (draft, value) => {
			if (draft.content === undefined) return "no content stands before it";
			if (value !== undefined && value !== "only" && !/^\d{1,5}\s*,\s*\d{1,5}$/.test(value))
				return `"${value.slice(0, 30)}" is neither only nor offset,length`;
			draft.content.isFastPattern = true;
			return undefined;
		},
	},
	depth: amountModifier("how many octets of the buffer are searched, from offset on", "depth", (content, depth) => {
		if (typeof depth === "number" && depth < content.octets.length)
			return `depth ${depth} is less than the content's ${content.octets.length} octets`;
		return undefined;
	}),
	offset: amountModifier("where in the buffer the search begins", "offset"),
	distance: amountModifier("how far behind the last match the search begins", "distance"),
	within: amountModifier(
		"how far behind the last match, and distance, the content must end",
		"within",
		(content, within) => {
			if (typeof within === "number" && within < content.octets.length)
				return `within ${within} is less than the content's ${content.octets.length} octets`;
			return undefined;
		},
	),
	startswith: modifier("the content stands at the buffer's start", (content) => {
		if ([content.offset, content.depth, content.distance, content.within].some((amount) => amount !== undefined))
			return "startswith goes with none of offset, depth, distance and within";
		content.offset = 0;
		content.depth = content.octets.length;
		return undefined;
	}),
	endswith: modifier("the content stands at the buffer's end", (content) => {
		content.endsBuffer = true;
		return undefined;
	}),
	isdataat: {
		about: "there are octets at a place, with ! there are none",
		read: (draft, value) => {
			const step = parseDataAt(value ?? "", draft);
			if (typeof step === "string") return step;
			// Suricata's own reading: the content before it ends the buffer.
			if (
				step.isNegated &&
				step.isRelative &&
				step.at === 1 &&
				draft.content !== undefined &&
				!draft.content.isNegated
			) {
				draft.content.endsBuffer = true;
				return undefined;
			}
			return add(draft, step);
		},
	},
	byte_test: {
		about: "a number in the buffer compared",
		read: (draft, value) => add(draft, parseByteTest(value ?? "", draft)),
	},
	byte_jump: {
		about: "a number in the buffer says where the next match begins",
		read: (draft, value) => add(draft, parseByteJump(value ?? "", draft)),
	},
	byte_extract: {
		about: "a number in the buffer becomes a variable",
		read: (draft, value) => add(draft, parseByteExtract(value ?? "", draft)),
	},
	byte_math: {
		about: "a number in the buffer, calculated with, becomes a variable",
		read: (draft, value) => add(draft, parseByteMath(value ?? "", draft)),
	},
	pcre: {
		about: "an expression in PCRE's syntax, run in linear time; what has no linear-time meaning disables the rule",
		read: readPcre,
	},
	bsize: {
		about: "size of the selected buffer",
		read: (draft, value) => {
			if (draft.selected === undefined) return "no buffer is selected";
			const range = parseRange(value ?? "");
			return range === undefined ? "it is no size" : add(draft, { type: "size", range });
		},
	},
	urilen: {
		about: "size of the request's target: as sent, with `norm` normalised",
		read: (draft, value) => {
			const [text = "", form] = (value ?? "").split(",").map((part) => part.trim());
			const range = parseRange(text);
			if (range === undefined || (form !== undefined && form !== "norm" && form !== "raw")) return "it is no size";
			draft.inspection(form === "norm" ? "http.uri" : "http.uri.raw").steps.unshift({ type: "size", range });
			return undefined;
		},
	},
	absent: {
		about: "the selected buffer is not there; with or_else, or what follows holds",
		read: (draft, value) => {
			if (draft.selected === undefined) return "no buffer is selected";
			if (value !== undefined && value !== "or_else") return `"${value.slice(0, 30)}" is not or_else`;
			draft.current().absent = value === undefined ? "must" : "may";
			return undefined;
		},
	},
	dataset: { about: "the selected buffer is in a set of texts or hashes, or is put there", read: readDataset },
};

function readContent(draft: SignatureDraft, value: string | undefined): string | undefined {
	const quoted = readQuoted(value);
	if (quoted === undefined) return "its value is not in quotes";
	const octets = decodeContent(quoted.text);
	if (typeof octets === "string") return octets;
	draft.addMatch({
		type: "content",
		octets,
		isNegated: quoted.isNegated,
		ignoresCase: false,
		offset: undefined,
		depth: undefined,
		distance: undefined,
		within: undefined,
		endsBuffer: false,
		isFastPattern: false,
		isFollowed: false,
	});
	return undefined;
}

function readPcre(draft: SignatureDraft, value: string | undefined): string | undefined {
	const option = parsePcre(value);
	if (typeof option === "string") return option;
	const { source, isNegated, isRelative, buffer } = option;
	const target = buffer === undefined ? undefined : (stickyBuffers.get(buffer) as BufferName);
	const step = { type: "pcre", source, isNegated, isRelative, isFollowed: false } as const;
	if (target === undefined) draft.addMatch({ ...step });
	else draft.addMatch({ ...step }, draft.inspection(target));
	return undefined;
}

/** `command,name[,type t][,load file][,...]` */
function readDataset(draft: SignatureDraft, value: string | undefined): string | undefined {
	if (draft.selected === undefined) return "no buffer is selected";
	const [command = "", name = "", ...options] = (value ?? "").split(",").map((part) => part.trim());
	if (!datasetCommands.has(command)) return `command "${command.slice(0, 30)}" is not known`;
	if (!/^[\w.-]{1,64}$/.test(name)) return "it has no name";
	let form: DatasetForm = "string";
	let load: string | undefined;
	for (const option of options) {
		const [word = "", text = ""] = option.split(/\s+/, 2);
		if (word === "type" && datasetForms.has(text)) form = text as DatasetForm;
		else if (word === "load" && text !== "") load = text;
		else if (word === "memcap" || word === "hashsize") continue;
		else return `option "${option.slice(0, 30)}" is not supported`;
	}
	return add(draft, { type: "dataset", command: command as DatasetStep["command"], name, form, load });
}

function add(draft: SignatureDraft, step: DraftStep | string): string | undefined {
	if (typeof step === "string") return step;
	draft.addStep(step);
	return undefined;
}

function modifier(about: string, apply: (content: DraftContent) => string | undefined) {
	return {
		about,
		read: (draft: SignatureDraft, value: string | undefined) => {
			if (draft.content === undefined) return "no content stands before it";
			if (value !== undefined) return "it takes no value";
			return apply(draft.content);
		},
	};
}

function amountModifier(
	about: string,
	field: "offset" | "depth" | "distance" | "within",
	check: (content: DraftContent, amount: Amount) => string | undefined = () => undefined,
) {
	return {
		about,
		read: (draft: SignatureDraft, value: string | undefined) => {
			const { content } = draft;
			if (content === undefined) return "no content stands before it";
			if (content[field] !== undefined) return "it was said already";
			const amount = parseAmount(value ?? "", draft);
			if (Array.isArray(amount)) return amount[0];
			if (typeof amount === "number" && Math.abs(amount) > maxAmount) return `${amount} is beyond ${maxAmount}`;
			if (typeof amount === "number" && amount < 0 && field !== "distance") return `${amount} is negative`;
			const problem = check(content, amount);
			if (problem === undefined) content[field] = amount;
			return problem;
		},
	};
}

const maxAmount = 1_048_576;
const datasetCommands: ReadonlySet<string> = new Set(["isset", "isnotset", "set", "unset"]);
const datasetForms: ReadonlySet<string> = new Set(["string", "md5", "sha256"]);
