/**
 * One connection before the signatures: its messages are told in order, and what matches comes back as alerts.
 *
 * A pattern that is found makes candidates; a candidate is compared once all buffers that it asks for have come, and while
 * a body goes on again whenever more of its pattern is found, when old octets are pushed out of the window, and at the end.
 *
 * Bounds: one window (`octet-window.ts`) for the body and one for the stream of each direction, `maxPending` candidates that
 * wait, `maxAlerts` alerts that nobody took. Nothing is made per chunk while nothing is found.
 */
import type { Address } from "#base/address.ts";
import type { RequestHead, ResponseHead } from "#http/head.ts";
import { bufferNames, bufferTable } from "#signature/buffer-table.ts";
import { FlowState } from "#signature/flow-state.ts";
import { type MailMessage, mailBuffer } from "#signature/mail-buffers.ts";
import type { BufferView } from "#signature/match-steps.ts";
import { isInRange } from "#signature/number-range.ts";
import { OctetWindow } from "#signature/octet-window.ts";
import type { RuleAction } from "#signature/parse-rule.ts";
import type { FilterStream } from "#signature/pattern-filter.ts";
import type { ContentStep, Inspection, Signature, SignatureProtocol, TlsTests } from "#signature/signature.ts";
import {
	type DirectionIndex,
	type Scan,
	type SignatureEngine,
	type StagePlan,
	shallowOctets,
	toClient,
	toServer,
} from "#signature/signature-engine.ts";
import { type HandshakeFacts, tlsBuffer } from "#signature/tls-buffers.ts";
import { applyTransform } from "#signature/transforms.ts";

/** Who speaks with whom. */
export interface FlowFacts {
	readonly client: Address;
	readonly clientPort: number;
	readonly server: Address;
	readonly serverPort: number;
	/** Chunks of the stream are packets: rules about single packets apply. */
	readonly hasPackets: boolean;
	/** Octets of a stream, and of a body, that are looked into; all of them when undefined. */
	readonly maxDepth?: number | undefined;
}

/** A signature that matched. */
export interface Alert {
	readonly signature: Signature;
	readonly direction: DirectionIndex;
	/** The HTTP exchange, where it is one. */
	readonly request: RequestHead | undefined;
	readonly response: ResponseHead | undefined;
	/** The action is not to alert only, and a threshold does not hold it back. */
	readonly isBlocking: boolean;
	/** False when only the action counts: the alert was limited away. */
	readonly isTold: boolean;
}

type TlsStage = "client-hello" | "server-hello" | "certificate";

type Missing = Map<number, { readonly step: ContentStep; until: number }>;

/** What is kept of each direction. */
class Side {
	readonly body = new OctetWindow();
	readonly stream = new OctetWindow();
	bodyStream: FilterStream | undefined;
	streamStream: FilterStream | undefined;
	/** Candidates that wait for more of the body, or of the stream. */
	readonly waiting: number[] = [];
	readonly streamWaiting: number[] = [];
	/** Of those that wait: a content that the body, or the stream, has not had up to so many octets of it. */
	readonly missing: Missing = new Map();
	readonly streamMissing: Missing = new Map();
	/** How often candidates of this message were judged. */
	judged = 0;
	/** Signatures that matched in this message; of the stream, where the match was complete. */
	readonly matched = new Set<number>();
	readonly streamMatched = new Map<number, number>();
}

export class SignatureFlow {
	/** The application protocol, once it is known; "tcp" until then. */
	protocol: SignatureProtocol;
	/** Taken and emptied by the owner after each call. */
	readonly alerts: Alert[] = [];
	readonly state: FlowState;
	readonly #engine: SignatureEngine;
	readonly #facts: FlowFacts;
	readonly #maxDepth: number;
	readonly #actionFor: (signature: Signature) => RuleAction | undefined;
	readonly #sides: readonly [Side, Side] = [new Side(), new Side()];
	#request: RequestHead | undefined;
	/** The response under way, and the request that it answers: others may have come since. */
	#response: ResponseHead | undefined;
	#answered: RequestHead | undefined;
	#handshake: HandshakeFacts = {};
	/** The message of mail under way, by direction. */
	readonly #mails: [MailMessage | undefined, MailMessage | undefined] = [undefined, undefined];
	/** A pass rule matched: nothing more is inspected. */
	#isPassed = false;
	/** What is being judged: for buffers that are asked for by candidates. */
	#direction: DirectionIndex = toServer;
	#chunk: BufferView | undefined;
	#isBodyWhole = false;
	#loaded: RequestHead | ResponseHead | undefined;

	/**
	 * `state`: what rules keep on the connection, when it is more than one flow (HTTP/2). `actionFor`: what a signature does on
	 * this connection, where it is not what it says itself; undefined when it is not looked for.
	 */
	constructor(
		engine: SignatureEngine,
		facts: FlowFacts,
		protocol: SignatureProtocol = "tcp",
		state = new FlowState(),
		actionFor: (signature: Signature) => RuleAction | undefined = ({ action }) => action,
	) {
		this.state = state;
		this.#actionFor = actionFor;
		this.#maxDepth = facts.maxDepth ?? Number.POSITIVE_INFINITY;
		this.#engine = engine;
		this.#facts = facts;
		this.protocol = protocol;
	}

	/** A message of the handshake has come: `facts` hold it and what came before. */
	handshake(stage: TlsStage, facts: HandshakeFacts): void {
		this.#handshake = facts;
		if (this.#isPassed) return;
		const plan = this.#engine.handshakes[stage];
		const direction = stage === "client-hello" ? toServer : toClient;
		this.#engine.beginCandidates();
		for (const scan of plan.scans) {
			for (const octets of tlsBuffer(scan.buffer, facts)) this.#scanWhole(scan, octets);
		}
		for (const signature of plan.always) this.#engine.addCandidate(signature);
		this.#judgeCandidates(direction, stage);
	}

	/** The head of a message of mail has come. */
	mailHead(direction: DirectionIndex, message: MailMessage): void {
		this.#mails[direction] = message;
		this.#judgeMail(direction, "mail");
	}

	/** The message is over. */
	mailEnd(direction: DirectionIndex): void {
		this.#judgeMail(direction, "mail-end");
		this.#mails[direction] = undefined;
	}

	#judgeMail(direction: DirectionIndex, stage: "mail" | "mail-end"): void {
		const message = this.#mails[direction];
		if (message === undefined || this.#isPassed) return;
		const plan = this.#engine.mails[stage][direction];
		if (plan.scans.length === 0 && plan.always.length === 0) return;
		this.#engine.beginCandidates();
		for (const scan of plan.scans) for (const octets of mailBuffer(scan.buffer, message)) this.#scanWhole(scan, octets);
		for (const signature of plan.always) this.#engine.addCandidate(signature);
		this.#judgeCandidates(direction, stage);
	}

	requestHead(head: RequestHead): void {
		this.#request = head;
		this.#head(head, toServer);
	}

	/** `request` is the one that it answers. */
	responseHead(head: ResponseHead, request: RequestHead | undefined): void {
		this.#answered = request;
		this.#response = head;
		this.#head(head, toClient);
	}

	/** Octets of a body, codings undone. */
	body(direction: DirectionIndex, octets: Uint8Array, start: number, end: number): void {
		if (this.#isPassed || start >= end) return;
		const { deep, shallow, isKept } = this.#engine.bodies[direction];
		const side = this.#sides[direction];
		if (!isKept || side.body.total >= this.#maxDepth) return;
		const { body, waiting } = side;
		if (waiting.length > 0 && body.overflows(end - start)) this.#judgeWaiting(direction, false);
		const before = body.total;
		this.#engine.beginCandidates();
		if (deep !== undefined) {
			side.bodyStream ??= deep.filter.start();
			deep.filter.scan(side.bodyStream, octets, start, end, before > shortDepth);
			if (deep.filter.hitCount > 0) this.#engine.addHits(deep);
		}
		// The beginning of a body is kept for what may refer to it; of a long one in which nothing is found, the end.
		const isQuiet = before > keptBeginning && waiting.length === 0 && this.#engine.candidateCount === 0;
		if (isQuiet) body.appendEnd(octets, start, end);
		else body.append(octets, start, end);
		if (shallow !== undefined && before < shallowOctets) {
			shallow.filter.scanWhole(body.octets, 0, Math.min(body.length, shallowOctets));
			if (shallow.filter.hitCount > 0) this.#engine.addHits(shallow);
		}
		if (this.#engine.candidateCount === 0) return;
		for (let at = 0; at < this.#engine.candidateCount; at++) this.#wait(waiting, this.#engine.candidates[at] as number);
		// Whoever repeats patterns does not make us compare for ever: the rest is compared at the end.
		side.judged += this.#engine.candidateCount;
		if (side.judged > maxJudged) return;
		this.#isBodyWhole = false;
		this.#judgeCandidates(direction, "body");
	}

	/** The message is over. */
	messageEnd(direction: DirectionIndex): void {
		const side = this.#sides[direction];
		if (!this.#isPassed) {
			for (const signature of this.#engine.bodies[direction].always) this.#wait(side.waiting, signature);
			if (side.waiting.length > 0) this.#judgeWaiting(direction, true);
		}
		side.waiting.length = 0;
		side.missing.clear();
		side.matched.clear();
		side.body.restart();
		side.judged = 0;
		if (side.bodyStream !== undefined) side.bodyStream.length = 0;
	}

	/** Octets of the connection as they come, before they are told as messages. */
	stream(direction: DirectionIndex, octets: Uint8Array, start: number, end: number): void {
		if (this.#isPassed || start >= end) return;
		const { deep, shallow, always, isKept } = this.#engine.streams[direction];
		const side = this.#sides[direction];
		if (!isKept && always.length === 0) return;
		const { stream, streamWaiting } = side;
		if (stream.total >= this.#maxDepth) return;
		if (this.protocol === "http" && stream.total > shortDepth) return;
		if (stream.overflows(end - start)) {
			streamWaiting.length = 0;
			side.streamMissing.clear();
		}
		const before = stream.total;
		stream.append(octets, start, end);
		this.#engine.beginCandidates();
		if (deep !== undefined) {
			side.streamStream ??= deep.filter.start();
			deep.filter.scan(side.streamStream, octets, start, end, before > shortDepth);
			if (deep.filter.hitCount > 0) this.#engine.addHits(deep);
		}
		if (shallow !== undefined) {
			shallow.filter.scanWhole(octets, start, Math.min(end, start + shallowOctets));
			if (shallow.filter.hitCount > 0) this.#engine.addHits(shallow);
			if (before > 0 && before < shallowOctets) {
				shallow.filter.scanWhole(stream.octets, 0, Math.min(stream.length, shallowOctets));
				if (shallow.filter.hitCount > 0) this.#engine.addHits(shallow);
			}
		}
		for (const signature of always) this.#engine.addCandidate(signature);
		for (const signature of streamWaiting) this.#engine.addCandidate(signature);
		if (this.#engine.candidateCount === 0) return;
		for (let at = 0; at < this.#engine.candidateCount && streamWaiting.length < maxStreamPending; at++) {
			this.#wait(streamWaiting, this.#engine.candidates[at] as number);
		}
		this.#chunk = { octets: viewOf(octets, start, end), base: 0, isWhole: true };
		this.#judgeCandidates(direction, "stream");
		this.#chunk = undefined;
	}

	#head(head: RequestHead | ResponseHead, direction: DirectionIndex): void {
		if (this.#isPassed) return;
		const plan: StagePlan = this.#engine.heads[direction];
		if (plan.scans.length === 0 && plan.always.length === 0) return;
		this.#load(head, direction);
		const { buffers } = this.#engine;
		this.#engine.beginCandidates();
		for (const scan of plan.scans) {
			if (!buffers.find(numbers[scan.buffer])) continue;
			if (scan.transforms.length === 0) {
				scan.filter.scanWhole(buffers.octets, buffers.start, buffers.end);
				if (scan.filter.hitCount > 0) this.#engine.addHits(scan);
			} else this.#scanWhole(scan, viewOf(buffers.octets, buffers.start, buffers.end));
		}
		for (const signature of plan.always) this.#engine.addCandidate(signature);
		if (this.#engine.candidateCount > 0) this.#judgeCandidates(direction, "head");
	}

	#scanWhole(scan: Scan, octets: Uint8Array): void {
		const input = scan.transforms.reduce<Uint8Array>((value, transform) => applyTransform(transform, value), octets);
		scan.filter.scanWhole(input, 0, input.length);
		if (scan.filter.hitCount > 0) this.#engine.addHits(scan);
	}

	/** Puts the head before the buffers, unless it is there already. */
	#load(head: RequestHead | ResponseHead, direction: DirectionIndex): void {
		if (direction === toServer) this.#engine.buffers.loadRequest(head as RequestHead);
		else this.#engine.buffers.loadResponse(head as ResponseHead, this.#answered);
		this.#loaded = head;
	}

	#wait(list: number[], signature: number): void {
		if (list.length < maxPending && !list.includes(signature)) list.push(signature);
	}

	/** Judges what waits for more of the body. */
	#judgeWaiting(direction: DirectionIndex, isWhole: boolean): void {
		this.#engine.beginCandidates();
		for (const signature of this.#sides[direction].waiting) this.#engine.addCandidate(signature);
		this.#isBodyWhole = isWhole;
		this.#judgeCandidates(direction, "body");
	}

	#judgeCandidates(direction: DirectionIndex, stage: Stage): void {
		const { candidates, candidateCount, matcher } = this.#engine;
		if (candidateCount === 0) return;
		this.#direction = direction;
		this.#views.clear();
		const head = direction === toServer ? this.#request : this.#response;
		if (stage === "body" && head !== undefined) this.#load(head, direction);
		const side = this.#sides[direction];
		// The order of the signatures is the order in which they are judged.
		if (candidateCount > 1) candidates.subarray(0, candidateCount).sort();
		for (let at = 0; at < candidateCount; at++) {
			const index = candidates[at] as number;
			const signature = this.#engine.signature(index);
			if (stage === "head" && signature.stage === "body") {
				this.#wait(side.waiting, index);
				continue;
			}
			if (stage !== "stream" && side.matched.has(index)) continue;
			const window = stage === "stream" ? side.stream : side.body;
			const missing = stage === "stream" ? side.streamMissing : side.missing;
			const mayWait = stage === "body" || (stage === "stream" && side.streamWaiting.includes(index));
			if (mayWait && isStillMissing(window, missing, index)) continue;
			const verdict = this.#judge(signature, direction, stage, index);
			if (verdict === undecided) {
				const step = mayWait ? this.#missing : undefined;
				if (step !== undefined) missing.set(index, { step, until: window.total });
				continue;
			}
			missing.delete(index);
			if (stage === "body") remove(side.waiting, index);
			if (stage === "stream") remove(side.streamWaiting, index);
			if (verdict === never) continue;
			if (stage === "stream") side.streamMatched.set(index, side.stream.total);
			else if (isHttpStage(stage)) side.matched.add(index);
			this.#matched(signature, direction);
			if (this.#isPassed) break;
		}
		this.#views.clear();
		// The buffers are everybody's.
		this.#loaded = undefined;
		matcher.release();
	}

	#judge(signature: Signature, direction: DirectionIndex, stage: Stage, index: number): Verdict {
		this.#missing = undefined;
		if (!this.#isOfFlow(signature, direction, stage)) return never;
		if (signature.packet !== undefined && !this.#packetHolds(signature)) return never;
		if (signature.tls !== undefined && !this.#tlsHolds(signature.tls, direction)) return never;
		if (!this.state.holds(signature.flowBits, signature.flowIntegers)) return undecided;
		for (const inspection of signature.inspections) {
			if (this.#inspectionHolds(inspection, signature, index)) continue;
			const { stage: of } = bufferTable[inspection.buffer];
			// What stands in a head or a handshake will not change any more.
			if (of !== "body" && of !== "stream") return never;
			return undecided;
		}
		return holds;
	}

	#inspectionHolds(inspection: Inspection, signature: Signature, index: number): boolean {
		const views = this.#viewsOf(inspection, index);
		if (views.length === 0) return inspection.absent !== "no";
		if (inspection.absent === "must") return false;
		const { matcher } = this.#engine;
		if (views.some((view) => matcher.matches(inspection.steps, view))) return true;
		if (inspection.transforms.length === 0 && bufferTable[inspection.buffer].stage === signature.stage)
			this.#missing = matcher.missing;
		// A rule of the payload is about single packets, too: their beginnings count as beginnings.
		const chunk = this.#chunk;
		if (chunk === undefined || inspection.buffer !== "payload" || signature.stage !== "stream") return false;
		// What the stream has nowhere, its last chunk has not.
		const isWithinStream = chunk.octets.length <= (views[0]?.octets.length ?? 0);
		if (isWithinStream && matcher.missing !== undefined) return false;
		this.#missing = undefined;
		return matcher.matches(inspection.steps, chunk);
	}

	/** After a verdict that is undecided: the content of a body or stream that it waits for, where it is one. */
	#missing: ContentStep | undefined;
	readonly #views = new Map<string, readonly BufferView[]>();

	/** The buffer as it is now; none when the message has no such part. Made once for all candidates of a round. */
	#viewsOf({ buffer, transforms }: Inspection, index: number): readonly BufferView[] {
		if (buffer === "payload") return this.#payload(index);
		const key = transforms.length === 0 ? buffer : JSON.stringify([buffer, transforms]);
		let views = this.#views.get(key);
		if (views === undefined) {
			views = this.#rawViews(buffer);
			for (const transform of transforms)
				views = views.map(({ octets, base, isWhole }) => ({
					octets: asBuffer(applyTransform(transform, octets)),
					base: isWhole ? 0 : base,
					isWhole,
				}));
			this.#views.set(key, views);
		}
		return views;
	}

	#rawViews(buffer: keyof typeof bufferTable): readonly BufferView[] {
		const { stage, protocol } = bufferTable[buffer];
		if (protocol === "tls")
			return tlsBuffer(buffer, this.#handshake).map((octets) => ({ octets, base: 0, isWhole: true }));
		if (protocol === "smtp" || protocol === "mail") {
			const message = this.#mails[this.#direction];
			const found = message === undefined ? [] : mailBuffer(buffer, message);
			return found.map((octets) => ({ octets, base: 0, isWhole: true }));
		}
		if (stage === "body") {
			const wantsRequest = buffer === "http.request_body";
			const wantsResponse = buffer === "http.response_body";
			if (this.#direction === toServer ? wantsResponse : wantsRequest) return [];
			const { body } = this.#sides[this.#direction];
			if (body.total === 0) return [];
			const octets = body.octets.subarray(0, body.length);
			return [{ octets, base: body.base, isWhole: this.#isBodyWhole, lowered: () => body.lowered() }];
		}
		const { buffers } = this.#engine;
		if (this.#loaded === undefined || !buffers.find(numbers[buffer])) return [];
		return [{ octets: buffers.octets.subarray(buffers.start, buffers.end), base: 0, isWhole: true }];
	}

	/** The stream's window, from behind the last match of the same signature on. */
	#payload(index: number): readonly BufferView[] {
		const { stream, streamMatched } = this.#sides[this.#direction];
		if (stream.total === 0) return [];
		const from = Math.max(0, (streamMatched.get(index) ?? 0) - stream.base);
		const octets = stream.octets.subarray(from, stream.length);
		const lowered = () => stream.lowered().subarray(from);
		return [{ octets, base: stream.base + from, isWhole: true, lowered }];
	}

	#isOfFlow(signature: Signature, way: DirectionIndex, stage: Stage): boolean {
		const { protocol, direction } = signature;
		if (direction !== "both" && (direction === "to-server") !== (way === toServer)) return false;
		if (protocol !== "ip" && protocol !== (this.protocol === "udp" ? "udp" : "tcp")) {
			const isTls = stage === "client-hello" || stage === "server-hello" || stage === "certificate";
			if (protocol !== (isTls ? "tls" : this.protocol)) return false;
		}
		const { client, clientPort, server, serverPort } = this.#facts;
		const [from, fromPort, to, toPort] =
			way === toServer ? [client, clientPort, server, serverPort] : [server, serverPort, client, clientPort];
		if (isBetween(signature, from, fromPort, to, toPort)) return true;
		return signature.isBothWays && isBetween(signature, to, toPort, from, fromPort);
	}

	#packetHolds({ packet }: Signature): boolean {
		if (packet === undefined || !this.#facts.hasPackets || this.#chunk === undefined) return false;
		return packet.payloadSize === undefined || isInRange(packet.payloadSize, this.#chunk.octets.length);
	}

	#tlsHolds({ versions, isVersionNegated, state, isExpired }: TlsTests, direction: DirectionIndex): boolean {
		const { clientHello, serverHello, chain } = this.#handshake;
		if (state === "client_hello" && clientHello === undefined) return false;
		if (state === "server_hello" && serverHello === undefined) return false;
		if (versions !== undefined) {
			const version =
				direction === toClient || serverHello !== undefined ? serverHello?.version : clientHello?.legacyVersion;
			if (version === undefined || versions.includes(version) === isVersionNegated) return false;
		}
		if (isExpired === undefined) return true;
		const certificate = chain?.[0];
		return certificate !== undefined && this.#engine.clock() > certificate.notAfter === isExpired;
	}

	#matched(signature: Signature, direction: DirectionIndex): void {
		this.state.apply(signature.flowBits, signature.flowIntegers);
		const action = this.#actionFor(signature);
		if (action === undefined) return;
		if (action === "pass") {
			this.#isPassed = true;
			return;
		}
		const { isTold, isActed } = this.#count(signature, direction);
		const isBlocking = isActed && action !== "alert";
		if (signature.isNoAlert ? !isBlocking : !isTold && !isBlocking) return;
		if (this.alerts.length >= maxAlerts && !isBlocking) return;
		this.alerts.push({
			signature,
			direction,
			request: direction === toServer ? this.#request : this.#answered,
			response: direction === toClient ? this.#response : undefined,
			isBlocking,
			isTold: isTold && !signature.isNoAlert,
		});
	}

	#count({ gid, sid, threshold }: Signature, direction: DirectionIndex): { isTold: boolean; isActed: boolean } {
		if (threshold === undefined) return always;
		const { client, server } = this.#facts;
		const [source, destination] = direction === toServer ? [client, server] : [server, client];
		const tracked = {
			by_src: () => source.octets.join("."),
			by_dst: () => destination.octets.join("."),
			by_both: () => `${source.octets.join(".")} ${destination.octets.join(".")}`,
			by_rule: () => "",
			by_flow: () => String(this.#id),
		}[threshold.track]();
		return this.#engine.thresholds.count(`${gid}:${sid} ${tracked}`, threshold, this.#engine.clock());
	}

	readonly #id = nextFlow++;
}

type Stage = TlsStage | "head" | "body" | "mail" | "mail-end" | "stream";

/** "never": not in this message, whatever comes. */
const holds = 1;
const undecided = 0;
const never = -1;
type Verdict = typeof holds | typeof undecided | typeof never;

function isBetween(
	{
		source,
		sourcePorts,
		destination,
		destinationPorts,
	}: Pick<Signature, "source" | "sourcePorts" | "destination" | "destinationPorts">,
	from: Address,
	fromPort: number,
	to: Address,
	toPort: number,
): boolean {
	return (
		(sourcePorts?.matches(fromPort) ?? true) &&
		(destinationPorts?.matches(toPort) ?? true) &&
		(source?.matches(from) ?? true) &&
		(destination?.matches(to) ?? true)
	);
}

/** The content that the signature waits for has not come: it need not be compared. */
function isStillMissing(window: OctetWindow, missing: Missing, index: number): boolean {
	const wanted = missing.get(index);
	if (wanted === undefined) return false;
	const { step, until } = wanted;
	const octets = step.ignoresCase ? window.lowered() : window.octets.subarray(0, window.length);
	wanted.until = window.total;
	// Octets that went by unseen may have had it.
	const isUnseen = until < window.base;
	const from = Math.max(0, until - window.base - step.octets.length + 1);
	if (!isUnseen && octets.indexOf(step.octets, from) === -1) return true;
	missing.delete(index);
	return false;
}

function isHttpStage(stage: Stage): boolean {
	return stage === "head" || stage === "body";
}

function remove(list: number[], value: number): void {
	const at = list.indexOf(value);
	if (at !== -1) list.splice(at, 1);
}

function viewOf(octets: Uint8Array, start: number, end: number): Buffer {
	return Buffer.from(octets.buffer, octets.byteOffset + start, end - start);
}

function asBuffer(octets: Uint8Array): Buffer {
	return Buffer.from(octets.buffer, octets.byteOffset, octets.length);
}

const numbers = Object.fromEntries(bufferNames.map((name, number) => [name, number])) as Record<
	(typeof bufferNames)[number],
	number
>;
const always = { isTold: true, isActed: true };
/** Only tells connections apart in the table of thresholds. */
let nextFlow = 0;
const maxPending = 256;
const maxStreamPending = 32;
const maxJudged = 1_000;
const keptBeginning = 65_536;
const maxAlerts = 256;
/**
 * Contents shorter than a long piece are searched for so far into a body or stream; and so far raw octets of HTTP are
 * searched, whose bodies are searched in any case. Suricata's default depth of a stream.
 */
const shortDepth = 1_048_576;
