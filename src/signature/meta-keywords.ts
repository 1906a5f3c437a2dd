/** Keywords that describe a rule. */
import { classifications } from "#signature/classifications.ts";
import { decodeText, readQuoted } from "#signature/content-text.ts";
import type { KeywordTable } from "#signature/keyword.ts";
import type { SignatureDraft } from "#signature/signature-draft.ts";

export const metaKeywords: KeywordTable = {
	msg: {
		about: "what an alert says",
		read: (draft, value) => {
			const quoted = readQuoted(value);
			if (quoted === undefined) return "its value is not in quotes";
			draft.message = decodeText(quoted.text).slice(0, maxMessage);
			return undefined;
		},
	},
	sid: number("identifier of the rule", (draft, value) => {
		draft.sid = value;
	}),
	gid: number("group of identifiers", (draft, value) => {
		draft.gid = value;
	}),
	rev: number("revision of the rule", (draft, value) => {
		draft.rev = value;
	}),
	priority: {
		about: "severity, 1 the highest; without it that of classtype",
		read: (draft, value) => {
			if (!/^[0-9]{1,3}$/.test(value ?? "") || Number(value) > 255) return "it is no number between 0 and 255";
			draft.priority = Number(value);
			return undefined;
		},
	},
	classtype: {
		about: "class of the rule, with its severity",
		read: (draft, value) => {
			const name = (value ?? "").toLowerCase();
			if (!classifications.has(name)) return `class "${name.slice(0, 40)}" is not known`;
			draft.classtype = name;
			return undefined;
		},
	},
	reference: {
		about: "where more is written",
		read: (draft, value) => {
			draft.references.push(decodeText(value ?? "").slice(0, maxMessage));
			return undefined;
		},
	},
	metadata: {
		about: "words and values that an alert carries",
		read: (draft, value) => {
			for (const part of (value ?? "").split(",")) draft.metadata.push(part.trim().slice(0, maxMessage));
			return undefined;
		},
	},
	target: {
		about: "which side is attacked: src_ip or dest_ip",
		read: (draft, value) => {
			if (value !== "src_ip" && value !== "dest_ip") return "it is neither src_ip nor dest_ip";
			draft.target = value;
			return undefined;
		},
	},
	noalert: {
		about: "the rule sets its bits and says nothing",
		read: (draft) => {
			draft.isNoAlert = true;
			return undefined;
		},
	},
	filestore: {
		about: "accepted; files are not stored by rules",
		read: (draft) => {
			draft.notes.push("filestore: files are not stored by rules");
			return undefined;
		},
	},
	requires: {
		about: "accepted; what is not understood is found at the keyword itself",
		read: () => undefined,
	},
};

function number(about: string, set: (draft: SignatureDraft, value: number) => void) {
	return {
		about,
		read: (draft: SignatureDraft, value: string | undefined) => {
			if (!/^[0-9]{1,10}$/.test(value ?? "") || Number(value) > 4_294_967_295) return "it is no number of 32 bits";
			set(draft, Number(value));
			return undefined;
		},
	};
}

const maxMessage = 1_024;
