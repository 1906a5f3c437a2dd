/**
 * The first line of an HTTP/1.1 message, read where it lies (RFC 9112 §3 and §4).
 *
 *   method SP request-target SP HTTP-version        HTTP-version SP status-code [ SP reason-phrase ]
 */
import { describeOctet, latin1, targetOctets, tokenOctets } from "#http/head-octets.ts";

/** The parts of the line last parsed; the offsets count from the line's first octet. Reused for every message. */
export class StartLine {
	methodEnd = 0;
	targetEnd = 0;
	/** 0 or 1: HTTP/1.0 or HTTP/1.1. */
	minor = 1;
	status = 0;
	reasonStart = 0;
	end = 0;

	/** Reads a request line without its CRLF; answers why it is none, or undefined. */
	parseRequest(octets: Uint8Array, start: number, end: number): string | undefined {
		let at = start;
		while (at < end && tokenOctets[octets[at] as number] === 1) at++;
		if (at === start) return "no method at the start of the request line";
		if (at - start > maxMethodOctets) return `a method longer than ${maxMethodOctets} octets`;
		if (octets[at] !== 0x20 || at === end) return describeStop("the method", octets, at, end);
		this.methodEnd = at - start;
		at++;
		const target = at;
		while (at < end && targetOctets[octets[at] as number] === 1) at++;
		if (octets[at] !== 0x20 || at === end) return describeStop("the request target", octets, at, end);
		if (at === target) return "no request target in the request line";
		this.targetEnd = at - start;
		this.end = end - start;
		return this.#version(octets, at + 1, end);
	}

	/** Reads a status line without its CRLF; answers why it is none, or undefined. */
	parseStatus(octets: Uint8Array, start: number, end: number): string | undefined {
		const reason = this.#version(octets, start, Math.min(end, start + 8));
		if (reason !== undefined) return reason;
		if (octets[start + 8] !== 0x20 || end - start < 12) return "no status code in the status line";
		let status = 0;
		for (let at = start + 9; at < start + 12; at++) {
			const digit = (octets[at] as number) - 0x30;
			if (digit < 0 || digit > 9) return "a status code that is not three digits";
			status = status * 10 + digit;
		}
		if (status < 100) return `status code ${status}`;
		// The space before an absent reason phrase is often left out; nobody reads the line differently for it.
		if (end - start > 12 && octets[start + 12] !== 0x20) return "a status code that is not three digits";
		this.status = status;
		this.reasonStart = Math.min(13, end - start);
		this.end = end - start;
		return undefined;
	}

	#version(octets: Uint8Array, start: number, end: number): string | undefined {
		const minor = (octets[end - 1] as number) - 0x30;
		if (end - start !== 8 || minor < 0 || minor > 1 || !hasPrefix(octets, start)) {
			return `version "${latin1(octets, start, Math.min(end, start + 20))}" is not HTTP/1.0 or HTTP/1.1`;
		}
		this.minor = minor;
		return undefined;
	}
}

function hasPrefix(octets: Uint8Array, start: number): boolean {
	for (let index = 0; index < prefix.length; index++) {
		if (octets[start + index] !== prefix.charCodeAt(index)) return false;
	}
	return true;
}

function describeStop(where: string, octets: Uint8Array, at: number, end: number): string {
	if (at === end) return `a request line that ends behind ${where}`;
	return `octet ${describeOctet(octets[at] as number)} in ${where}`;
}

const prefix = "HTTP/1.";
const maxMethodOctets = 32;
