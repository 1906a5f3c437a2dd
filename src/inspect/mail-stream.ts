/**
 * A decrypted connection of mail on its way through the inspection services: messages are cut out of it, and their parts, transfer
 * encodings undone, are shown as bodies. What travels are the octets as they came.
 *
 * Where both sides compress, decoded octets are read and searched.
 *
 * Bounds: what the protocol's reader, one `MimeReader` and one `MailInflater` each way and the services keep; one chunk of the client
 * while it waits.
 */

import { fault } from "#base/fault.ts";
import { MailInflater } from "#inspect/mail-inflater.ts";
import {
	forward,
	hold,
	type PlaintextStream,
	release,
	type StreamAnswer,
	type StreamStop,
	stop,
} from "#inspect/plaintext-stream.ts";
import {
	type InspectionService,
	inspectionBy,
	type Place,
	type ServiceConnection,
	type ServiceFinding,
} from "#inspect/service.ts";
import { stopped } from "#mail/dot-reader.ts";
import { ImapReader } from "#mail/imap-reader.ts";
import type { MailDirection, MailProtocol, MailReader, MessageSink } from "#mail/mail-reader.ts";
import { MimeReader, type MimeSink } from "#mail/mime-reader.ts";
import type { PartHead } from "#mail/part-head.ts";
import { Pop3Reader } from "#mail/pop3-reader.ts";
import { SmtpReader } from "#mail/smtp-reader.ts";
import type { Finding, InspectionState } from "#telemetry/session-record.ts";

/** What the stream is told of its connection. */
export interface MailFacts {
	readonly sessionId: string;
	/** The server has greeted before these octets, as before STARTTLS. */
	readonly isGreeted: boolean;
	/** So many may be decoded, and a hundred for each compressed one. */
	readonly maxDecodedOctets: number;
}

export class MailStream implements PlaintextStream, MessageSink {
	readonly released: Uint8Array[] = [];
	readonly findings: Finding[] = [];
	readonly requests = 0;
	stop: StreamStop | undefined;
	readonly #protocol: MailProtocol;
	readonly #reader: MailReader;
	readonly #services: readonly { readonly name: string; readonly connection: ServiceConnection }[];
	readonly #inspection: InspectionState;
	readonly #sessionId: string;
	readonly #parts: [MimeReader | undefined, MimeReader | undefined] = [undefined, undefined];
	/** What the message at hand is called, by its direction. */
	readonly #names: [string, string] = ["", ""];
	/** The head of the message at hand has come. */
	readonly #hasHead: [boolean, boolean] = [false, false];
	/** Octets of the client that wait for a reply. */
	#waiting: Uint8Array | undefined;
	#blocked: Finding | undefined;
	#isLostTold = false;
	readonly #maxDecodedOctets: number;
	/** By direction, once both sides compress. */
	#inflaters: readonly [MailInflater, MailInflater] | undefined;
	#refused: string | undefined;

	constructor(
		protocol: MailProtocol,
		services: readonly InspectionService[],
		{ sessionId, isGreeted, maxDecodedOctets }: MailFacts,
	) {
		this.#protocol = protocol;
		this.#reader = new readers[protocol](this, isGreeted);
		this.#services = services.map((service) => ({ name: service.name, connection: service.open() }));
		for (const { connection } of this.#services) connection.speaks?.(protocol);
		this.#inspection = inspectionBy(services);
		this.#sessionId = sessionId;
		this.#maxDecodedOctets = maxDecodedOctets;
	}

	get inspection(): InspectionState {
		return this.#reader.lost === undefined ? this.#inspection : "decrypted, not inspected";
	}

	get isClientWaiting(): boolean {
		return this.#waiting !== undefined;
	}

	fromClient(chunk: Uint8Array): StreamAnswer {
		if (this.#inflaters === undefined && this.#look("stream-to-server", chunk, "")) return this.#halt(0);
		return this.#feedClient(chunk);
	}

	#feedClient(chunk: Uint8Array): StreamAnswer {
		if (this.#inflaters !== undefined) return this.#feedCompressed(this.#inflaters[0], chunk);
		const read = this.#reader.fromClient(chunk);
		if (read === stopped) return this.#halt(0);
		this.#tellLost("stream-to-server");
		if (read === chunk.length) return forward;
		this.#waiting = chunk.subarray(read);
		if (read === 0) return hold;
		this.released.push(chunk.subarray(0, read));
		return release;
	}

	/** Decoded octets that wait could not be told from the compressed ones of the same chunk: an honest client waits itself. */
	#feedCompressed(inflater: MailInflater, chunk: Uint8Array): StreamAnswer {
		if (this.#reader.isClientHeld) {
			this.#waiting = chunk;
			return hold;
		}
		const isStopped = inflater.write(chunk, this.#clientDecoded);
		this.#refused ??= inflater.fault;
		this.#tellLost("stream-to-server");
		return isStopped ? this.#halt(0) : forward;
	}

	readonly #clientDecoded = (octets: Uint8Array): boolean => {
		if (this.#look("stream-to-server", octets, "")) return true;
		const read = this.#reader.fromClient(octets);
		if (read !== stopped && read < octets.length)
			this.#refused = "octets behind a literal that the server has not asked for, within compression";
		return read < octets.length;
	};

	readonly #serverDecoded = (octets: Uint8Array): boolean =>
		this.#reader.fromServer(octets) || this.#look("stream-to-client", octets, "");

	clientMayGoOn(): StreamAnswer {
		const waiting = this.#waiting;
		if (waiting === undefined || this.#reader.isClientHeld) return hold;
		this.#waiting = undefined;
		const answer = this.#feedClient(waiting);
		if (answer !== forward) return answer;
		// The relay has no chunk at hand that it could forward.
		this.released.push(waiting);
		return release;
	}

	fromServer(chunk: Uint8Array): StreamAnswer {
		if (this.#inflaters !== undefined) return this.#fromCompressed(this.#inflaters[1], chunk);
		const isStopped = this.#reader.fromServer(chunk);
		this.#tellLost("stream-to-client");
		if (isStopped || this.#look("stream-to-client", chunk, "")) return this.#halt(1);
		const from = this.#reader.compressedFrom;
		if (from === undefined) return forward;
		this.#inflaters = [new MailInflater(this.#maxDecodedOctets), new MailInflater(this.#maxDecodedOctets)];
		return this.#fromCompressed(this.#inflaters[1], chunk.subarray(from));
	}

	#fromCompressed(inflater: MailInflater, chunk: Uint8Array): StreamAnswer {
		const isStopped = inflater.write(chunk, this.#serverDecoded);
		this.#refused ??= inflater.fault;
		this.#tellLost("stream-to-client");
		return isStopped ? this.#halt(1) : forward;
	}

	/** Nobody answers any more: what waits goes as it is. */
	clientEnded(): StreamAnswer {
		const waiting = this.#waiting;
		if (waiting === undefined) return forward;
		this.#waiting = undefined;
		this.released.push(waiting);
		return release;
	}

	serverEnded(): StreamAnswer {
		return this.messageEnd(1) ? this.#halt(1) : forward;
	}

	close(): void {
		this.#parts[0] = undefined;
		this.#parts[1] = undefined;
		this.#waiting = undefined;
		for (const inflater of this.#inflaters ?? []) inflater.close();
	}

	messageBegin(direction: MailDirection, coding: string | undefined): boolean {
		this.#names[direction] = "message";
		this.#hasHead[direction] = false;
		const sink = this.#sinkOf(direction);
		this.#parts[direction] = coding === undefined ? new MimeReader(sink) : MimeReader.ofBody(sink, coding);
		return false;
	}

	messageOctets(direction: MailDirection, octets: Uint8Array): boolean {
		return this.#parts[direction]?.write(octets) ?? false;
	}

	messageEnd(direction: MailDirection): boolean {
		const part = this.#parts[direction];
		const isStopped = part?.end() ?? false;
		this.#parts[direction] = undefined;
		if (part === undefined || !this.#hasHead[direction]) return isStopped;
		return this.#tellAll(direction, (connection) => connection.mailEnd?.(direction)) || isStopped;
	}

	#tellAll(direction: MailDirection, tell: (connection: ServiceConnection) => ServiceFinding | undefined): boolean {
		let stops = false;
		for (const { name, connection } of this.#services)
			if (this.#noteAll(name, connection, tell(connection), this.#names[direction])) stops = true;
		return stops;
	}

	/** Of the message, not of its parts. */
	#messageHead(direction: MailDirection, text: string): boolean {
		if (this.#hasHead[direction]) return false;
		this.#hasHead[direction] = true;
		const envelope = direction === 0 ? this.#reader.envelope : undefined;
		return this.#tellAll(direction, (connection) => connection.mailHead?.(direction, envelope, text));
	}

	#sinkOf(direction: MailDirection): MimeSink {
		const [heads, bodies] = direction === 0 ? toServerPlaces : toClientPlaces;
		return {
			partHead: (head, text) => {
				this.#names[direction] = nameOf(head);
				const isStopped = this.#messageHead(direction, text);
				const octets = Buffer.from(text, "latin1");
				return this.#look(heads, octets, this.#names[direction]) || this.#ended(heads, "") || isStopped;
			},
			partOctets: (octets) => this.#look(bodies, octets, this.#names[direction]),
			partEnd: () => this.#ended(bodies, this.#names[direction]),
		};
	}

	#look(place: Place, octets: Uint8Array, name: string): boolean {
		let stops = false;
		for (const { name: service, connection } of this.#services)
			if (this.#noteAll(service, connection, connection.octets(place, octets), name)) stops = true;
		return stops;
	}

	#ended(place: Place, name: string): boolean {
		let stops = false;
		for (const { name: service, connection } of this.#services)
			if (this.#noteAll(service, connection, connection.ended(place), name)) stops = true;
		return stops;
	}

	#noteAll(service: string, connection: ServiceConnection, found: ServiceFinding | undefined, name: string): boolean {
		if (found === undefined) return false;
		let stops = this.#note(service, found, name);
		for (const other of connection.others?.() ?? []) if (this.#note(service, other, name)) stops = true;
		return stops;
	}

	#note(service: string, { name, place, verdict }: ServiceFinding, of: string): boolean {
		const request = of === "" ? {} : { request: `${this.#protocol.toUpperCase()} ${of}` };
		const finding: Finding = { service, name, where: place, verdict, ...request };
		if (this.findings.length < maxFindings || verdict === "block") this.findings.push(finding);
		if (verdict !== "block") return false;
		this.#blocked ??= finding;
		return true;
	}

	/** What is not understood passes, and the record says so. */
	#tellLost(place: Place): void {
		const { lost } = this.#reader;
		if (lost === undefined || this.#isLostTold) return;
		this.#isLostTold = true;
		this.#note(this.#protocol, { name: `not followed any more: ${lost}`, place, verdict: "report" }, "");
	}

	#halt(direction: MailDirection): StreamAnswer {
		this.released.length = 0;
		const refused = this.#refused ?? this.#reader.refused;
		if (this.#blocked === undefined && refused !== undefined) return this.#refuse(direction, refused);
		const blocked = this.#blocked;
		const rule = blocked === undefined ? "" : ` by ${blocked.service} "${blocked.name}"`;
		const where = blocked?.where ?? "";
		const text = `The content was blocked${rule.replaceAll(/[^\x20-\x7e]/g, "?")} (session ${this.#sessionId})`;
		const answer = this.#reader.refusal(direction, text);
		this.stop = {
			answer: answer === undefined ? undefined : Buffer.from(answer, "latin1"),
			why: `blocked${rule} in ${where}`,
		};
		return stop;
	}

	#refuse(direction: MailDirection, why: string): StreamAnswer {
		const { code, message } = fault("MAIL_LINE_MALFORMED", `${this.#protocol.toUpperCase()}: ${why}`, { got: why });
		const answer = this.#reader.refusal(direction, `Refused (session ${this.#sessionId})`);
		this.stop = {
			answer: answer === undefined ? undefined : Buffer.from(answer, "latin1"),
			why: message,
			faultCode: code,
		};
		return stop;
	}
}

function nameOf({ name, subject, type }: PartHead): string {
	if (name !== undefined) return `part "${name}"`;
	return subject === undefined ? `part of ${type.slice(0, maxTypeLength)}` : `message "${subject}"`;
}

const readers = { smtp: SmtpReader, imap: ImapReader, pop3: Pop3Reader } as const;
const toServerPlaces = ["request-headers", "request-body"] as const;
const toClientPlaces = ["response-headers", "response-body"] as const;
const maxFindings = 32;
const maxTypeLength = 60;
