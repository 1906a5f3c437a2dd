/** A signature while its options are read: which buffer is selected, what the last match was, what is known so far. */

import { type BufferName, bufferTable } from "#signature/buffer-table.ts";
import type { VariableNames } from "#signature/byte-keywords.ts";
import type { NumberRange } from "#signature/number-range.ts";
import type {
	ContentStep,
	FlowBitStep,
	FlowIntegerStep,
	Inspection,
	PcreStep,
	SignatureDirection,
	SignatureProtocol,
	Step,
	Threshold,
} from "#signature/signature.ts";
import { type Transform, transformKey } from "#signature/transforms.ts";

type Changeable<T> = { -readonly [K in keyof T]: T[K] };
export type DraftContent = Changeable<ContentStep>;
export type DraftPcre = Changeable<PcreStep>;
export type DraftStep = DraftContent | DraftPcre | Exclude<Step, ContentStep | PcreStep>;

/** One buffer of the draft with its steps. */
export interface DraftInspection {
	readonly buffer: BufferName;
	readonly transforms: readonly Transform[];
	absent: Inspection["absent"];
	readonly steps: DraftStep[];
}

/** Everything that options say. Changed only by the keywords; `compile-signature.ts` makes the signature of it. */
export class SignatureDraft implements VariableNames {
	message = "";
	sid: number | undefined;
	gid = 1;
	rev = 0;
	classtype: string | undefined;
	priority: number | undefined;
	readonly references: string[] = [];
	readonly metadata: string[] = [];
	target: "src_ip" | "dest_ip" | undefined;
	isNoAlert = false;
	direction: SignatureDirection = "both";
	/** The rule wants connections that are not established; no such octets are inspected. */
	isNotEstablished = false;
	isPacketOnly = false;
	payloadSize: NumberRange | undefined;
	readonly flowBits: FlowBitStep[] = [];
	readonly flowIntegers: FlowIntegerStep[] = [];
	threshold: Threshold | undefined;
	tlsVersions: readonly number[] | undefined;
	isTlsVersionNegated = false;
	tlsState: "client_hello" | "server_hello" | undefined;
	isCertificateExpired: boolean | undefined;
	applicationProtocol: SignatureProtocol | undefined;
	/** Keywords that change nothing here, with the reason. */
	readonly notes: string[] = [];

	readonly #inspections = new Map<string, DraftInspection>();
	readonly #variables: string[] = [];
	/** undefined: no sticky buffer was selected, contents are of the payload until a modifier moves them. */
	#selected: BufferName | undefined;
	#transforms: readonly Transform[] = [];
	/** The last content or pcre, and the inspection that it stands in. */
	#last: { readonly step: DraftContent | DraftPcre; readonly inspection: DraftInspection } | undefined;

	get inspections(): readonly DraftInspection[] {
		return [...this.#inspections.values()].filter(({ steps, absent }) => steps.length > 0 || absent !== "no");
	}

	get variableCount(): number {
		return this.#variables.length;
	}

	get selected(): BufferName | undefined {
		return this.#selected;
	}

	/** The last content, for its modifiers. */
	get content(): DraftContent | undefined {
		return this.#last?.step.type === "content" ? this.#last.step : undefined;
	}

	select(buffer: BufferName): void {
		this.#selected = buffer === "payload" ? undefined : buffer;
		this.#transforms = [];
	}

	/** Chains a transform behind the selected buffer; a string says why it cannot be. */
	transform(transform: Transform): string | undefined {
		if (this.#selected === undefined) return "a transform stands behind no buffer";
		if (this.#transforms.length === maxTransforms) return `more than ${maxTransforms} transforms are chained`;
		this.#transforms = [...this.#transforms, transform];
		return undefined;
	}

	/** The inspection of the selected buffer. */
	current(): DraftInspection {
		return this.inspection(this.#selected ?? "payload", this.#transforms);
	}

	inspection(buffer: BufferName, transforms: readonly Transform[] = []): DraftInspection {
		const key = [buffer, ...transforms.map(transformKey)].join(" ");
		let inspection = this.#inspections.get(key);
		if (inspection === undefined) {
			inspection = { buffer, transforms, absent: "no", steps: [] };
			this.#inspections.set(key, inspection);
		}
		return inspection;
	}

	/** Adds a content or pcre to a buffer, the selected one when none is given. */
	addMatch(step: DraftContent | DraftPcre, inspection = this.current()): void {
		inspection.steps.push(step);
		this.#last = { step, inspection };
	}

	/** Adds another step: where no buffer is selected, a relative one goes where the match before it went. */
	addStep(step: DraftStep & { readonly isRelative?: boolean }): void {
		const follows = this.#selected === undefined && step.isRelative === true ? this.#last?.inspection : undefined;
		(follows ?? this.current()).steps.push(step);
	}

	/** Sends the last content to another buffer (`http_uri` and its like); a string says why it cannot go. */
	moveContent(buffer: BufferName): string | undefined {
		const last = this.#last;
		if (last === undefined || last.step.type !== "content") return "no content stands before it";
		if (this.#selected !== undefined) return `it stands behind ${this.#selected}, which has selected a buffer`;
		if (last.inspection.buffer !== "payload") return "the content before it was sent to a buffer already";
		const { steps } = last.inspection;
		steps.splice(steps.lastIndexOf(last.step), 1);
		this.addMatch(last.step, this.inspection(buffer));
		return undefined;
	}

	find(name: string): number | undefined {
		const index = this.#variables.indexOf(name);
		return index === -1 ? undefined : index;
	}

	define(name: string): number | undefined {
		const known = this.find(name);
		if (known !== undefined) return known;
		return this.#variables.length === maxVariables ? undefined : this.#variables.push(name) - 1;
	}
}

/** A step that begins where the match before it ended. */
export function isRelative(step: DraftStep | Step): boolean {
	if (step.type === "content") return step.distance !== undefined || step.within !== undefined;
	return "isRelative" in step && step.isRelative;
}

/** The protocol that a buffer belongs to, as a rule's header names it. */
export function protocolOf(buffer: BufferName): SignatureProtocol | undefined {
	const { protocol } = bufferTable[buffer];
	if (protocol === "mail") return "smtp";
	return protocol === "any" ? undefined : protocol;
}

export const maxVariables = 16;
const maxTransforms = 8;
