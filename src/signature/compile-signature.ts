/** A parsed rule becomes a signature, or it is told which keyword stands in the way. Nothing is guessed. */
import { type BufferName, type BufferSide, type BufferStage, bufferTable } from "#signature/buffer-table.ts";
import { classifications } from "#signature/classifications.ts";
import { protocolNames } from "#signature/flow-keywords.ts";
import { keywords } from "#signature/keyword-table.ts";
import { lowerCase } from "#signature/lower-case.ts";
import type { ParsedRule, RuleProblem } from "#signature/parse-rule.ts";
import type { HeaderCompiler } from "#signature/rule-address.ts";
import type {
	ContentStep,
	Inspection,
	Signature,
	SignatureDirection,
	SignatureProtocol,
	Step,
	TlsTests,
} from "#signature/signature.ts";
import { type DraftStep, isRelative, protocolOf, SignatureDraft } from "#signature/signature-draft.ts";

export type CompiledRule =
	| { readonly kind: "signature"; readonly signature: Signature; readonly notes: readonly string[] }
	| { readonly kind: "disabled"; readonly problem: RuleProblem };

/**
 * Compiles one rule.
 *
 * Faults: `disabled` names the keyword, or the part of the header, that is not understood or contradicts another.
 */
export function compileSignature(rule: ParsedRule, headers: HeaderCompiler): CompiledRule {
	const draft = new SignatureDraft();
	if (rule.protocol === "tcp-pkt") draft.isPacketOnly = true;
	for (const { keyword, value } of rule.options) {
		const known = keywords.get(keyword);
		if (known === undefined) return disabled(keyword, "the keyword is not supported");
		const problem = known.read(draft, value);
		if (problem !== undefined) return disabled(keyword, problem);
	}
	return finish(rule, draft, headers);
}

function finish(rule: ParsedRule, draft: SignatureDraft, headers: HeaderCompiler): CompiledRule {
	if (draft.sid === undefined) return disabled("sid", "the rule has no sid");
	const named = protocolNames.get(rule.protocol);
	if (named === undefined) return disabled("protocol", `protocol ${rule.protocol.slice(0, 30)} is not supported`);
	const buffers = draft.inspections.map(({ buffer }) => buffer);
	const protocol = protocolFor(named, draft, buffers);
	if (protocol === undefined) return disabled("protocol", "its buffers belong to different protocols");
	const direction = directionFor(draft, buffers);
	if (direction === undefined) return disabled("flow", "its buffers travel the other way, or both ways");
	const stages = new Set(buffers.map((buffer) => bufferTable[buffer].stage));
	// The last part is over then.
	if (stages.has("mail-end") && stages.has("body"))
		return disabled("email.url", "a rule that also looks into file.data is not supported");
	if (draft.isNotEstablished) return disabled("flow", "only established connections are inspected");
	const source = headers.address(rule.source);
	if (Array.isArray(source)) return disabled("source", source.join());
	const destination = headers.address(rule.destination);
	if (Array.isArray(destination)) return disabled("destination", destination.join());
	const sourcePorts = headers.ports(rule.sourcePorts);
	if (Array.isArray(sourcePorts)) return disabled("source ports", sourcePorts.join());
	const destinationPorts = headers.ports(rule.destinationPorts);
	if (Array.isArray(destinationPorts)) return disabled("destination ports", destinationPorts.join());
	const tls = tlsTests(draft);
	return {
		kind: "signature",
		notes: draft.notes,
		signature: {
			gid: draft.gid,
			sid: draft.sid,
			rev: draft.rev,
			message: draft.message,
			action: rule.action,
			protocol,
			classtype: draft.classtype,
			priority: draft.priority ?? classifications.get(draft.classtype ?? "")?.priority ?? 3,
			references: draft.references,
			metadata: draft.metadata,
			target: draft.target,
			source: source === "any" ? undefined : source,
			sourcePorts: sourcePorts === "any" ? undefined : sourcePorts,
			destination: destination === "any" ? undefined : destination,
			destinationPorts: destinationPorts === "any" ? undefined : destinationPorts,
			isBothWays: rule.isBothWays,
			direction,
			isNoAlert: draft.isNoAlert,
			inspections: inspectionsOf(draft),
			stage: stageFor(draft, buffers, protocol),
			flowBits: draft.flowBits,
			flowIntegers: draft.flowIntegers,
			threshold: draft.threshold,
			tls,
			packet:
				draft.payloadSize === undefined && !draft.isPacketOnly
					? undefined
					: { payloadSize: draft.payloadSize, isPacketOnly: draft.isPacketOnly },
			variables: draft.variableCount,
		},
	};
}

/** Those of heads first: they are short, and what fails there will not hold later. Variables keep the rule's order. */
function inspectionsOf(draft: SignatureDraft): readonly Inspection[] {
	const inspections = draft.inspections.map(
		({ buffer, transforms, absent, steps }): Inspection => ({ buffer, transforms, absent, steps: finishSteps(steps) }),
	);
	if (draft.variableCount > 0) return inspections;
	const isLong = ({ buffer }: Inspection) => Number(["body", "stream"].includes(bufferTable[buffer].stage));
	return inspections.sort((a, b) => isLong(a) - isLong(b));
}

/** Marks the matches that a later relative step begins at. */
function finishSteps(steps: readonly DraftStep[]): Step[] {
	for (const [index, step] of steps.entries()) {
		if (!isRelative(step)) continue;
		for (let before = index - 1; before >= 0; before--) {
			const earlier = steps[before] as DraftStep;
			if (earlier.type !== "content" && earlier.type !== "pcre") continue;
			earlier.isFollowed = true;
			break;
		}
	}
	return steps.map((step) => (step.type === "content" ? { ...step, octets: searchable(step) } : step));
}

/** What ignores case is compared in lower case. */
function searchable({ octets, ignoresCase }: ContentStep): Buffer {
	const text = Buffer.from(octets);
	return ignoresCase ? lowerCase(text, Buffer.allocUnsafe(text.length)) : text;
}

function protocolFor(
	named: SignatureProtocol,
	draft: SignatureDraft,
	buffers: readonly BufferName[],
): SignatureProtocol | undefined {
	let protocol = draft.applicationProtocol ?? named;
	// Files of mail are shown like those of HTTP.
	const isMail = mailProtocols.has(protocol);
	const isAnyMail = (buffer: BufferName) => buffer === "file.data" || bufferTable[buffer].protocol === "mail";
	const wanted = buffers.map((buffer) => (isMail && isAnyMail(buffer) ? undefined : protocolOf(buffer)));
	if (draft.tlsVersions !== undefined || draft.tlsState !== undefined || draft.isCertificateExpired !== undefined)
		wanted.push("tls");
	for (const each of wanted) {
		if (each === undefined || each === protocol) continue;
		if (protocol !== "tcp" && protocol !== "ip") return undefined;
		protocol = each;
	}
	return protocol;
}

function directionFor(draft: SignatureDraft, buffers: readonly BufferName[]): SignatureDirection | undefined {
	let { direction } = draft;
	const sides: BufferSide[] = buffers.map((buffer) => bufferTable[buffer].side);
	if (draft.tlsState === "client_hello") sides.push("to-server");
	if (draft.tlsState === "server_hello" || draft.isCertificateExpired !== undefined) sides.push("to-client");
	for (const side of sides) {
		if (side === "both" || side === direction) continue;
		if (direction !== "both") return undefined;
		direction = side;
	}
	return direction;
}

function tlsTests(draft: SignatureDraft): TlsTests | undefined {
	const { tlsVersions: versions, tlsState: state, isCertificateExpired: isExpired } = draft;
	if (versions === undefined && state === undefined && isExpired === undefined) return undefined;
	return { versions, isVersionNegated: draft.isTlsVersionNegated, state, isExpired };
}

/** The message that must have been seen last, of all that the rule asks for. */
function stageFor(draft: SignatureDraft, buffers: readonly BufferName[], protocol: SignatureProtocol): BufferStage {
	const stages = new Set<BufferStage>(buffers.map((buffer) => bufferTable[buffer].stage));
	if (draft.isCertificateExpired !== undefined) stages.add("certificate");
	if (draft.tlsState === "client_hello") stages.add("client-hello");
	else if (draft.tlsState === "server_hello" || draft.tlsVersions !== undefined) stages.add("server-hello");
	for (const stage of stageOrder) if (stages.has(stage)) return stage;
	return protocol === "http" ? "head" : protocol === "tls" ? "client-hello" : "stream";
}

function disabled(where: string, reason: string): CompiledRule {
	return { kind: "disabled", problem: { where, reason } };
}

/** The last first. The payload comes with everything. */
const stageOrder: readonly BufferStage[] = [
	"body",
	"mail-end",
	"mail",
	"head",
	"certificate",
	"server-hello",
	"client-hello",
	"stream",
];
const mailProtocols: ReadonlySet<SignatureProtocol> = new Set(["smtp", "imap", "pop3"]);
