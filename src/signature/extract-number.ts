/** A number in a buffer, as octets or as text: what byte_test, byte_jump, byte_extract and byte_math read. */
import type { NumberReading } from "#signature/signature.ts";

/** The value with the bitmask applied, and where it stands. */
export interface ExtractedNumber {
	readonly value: bigint;
	readonly start: number;
	readonly end: number;
}

/** Undefined when it would lie outside the buffer, or when the text is no number. `count` 0 reads as many digits as there are. */
export function extractNumber(
	octets: Uint8Array,
	start: number,
	count: number,
	reading: NumberReading,
): ExtractedNumber | undefined {
	if (start < 0 || start > octets.length) return undefined;
	const { base } = reading;
	if (base !== undefined) {
		const most = count === 0 ? Math.min(maxDigits, octets.length - start) : count;
		if (start + most > octets.length) return undefined;
		return textNumber(octets, start, most, base, reading.bitmask);
	}
	if (count < 1 || count > 8 || start + count > octets.length) return undefined;
	let value = 0n;
	for (let index = 0; index < count; index++) {
		const at = reading.isLittleEndian ? start + count - 1 - index : start + index;
		value = (value << 8n) | BigInt(octets[at] as number);
	}
	return { value: masked(value, reading.bitmask), start, end: start + count };
}

/** As strtoull reads: white space, a sign, 0x before hexadecimal, digits; at least one. */
function textNumber(
	octets: Uint8Array,
	start: number,
	count: number,
	base: number,
	bitmask: number | undefined,
): ExtractedNumber | undefined {
	const end = start + count;
	let at = start;
	while (at < end && isSpace(octets[at] as number)) at++;
	const isNegative = octets[at] === 0x2d;
	if (at < end && (isNegative || octets[at] === 0x2b)) at++;
	if (base === 16 && octets[at] === 0x30 && ((octets[at + 1] ?? 0) | 0x20) === 0x78 && at + 2 < end) at += 2;
	let value = 0n;
	let hasDigits = false;
	for (; at < end; at++) {
		const digit = digitValue(octets[at] as number);
		if (digit >= base) break;
		value = value * BigInt(base) + BigInt(digit);
		hasDigits = true;
	}
	if (!hasDigits || value > most64) return undefined;
	return { value: masked(isNegative ? BigInt.asUintN(64, -value) : value, bitmask), start, end };
}

function digitValue(octet: number): number {
	if (octet >= 0x30 && octet <= 0x39) return octet - 0x30;
	const letter = octet | 0x20;
	return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : 99;
}

function isSpace(octet: number): boolean {
	return octet === 0x20 || (octet >= 0x09 && octet <= 0x0d);
}

/** The result is moved right by the zeros at the mask's end. */
function masked(value: bigint, bitmask: number | undefined): bigint {
	if (bitmask === undefined || bitmask === 0) return bitmask === 0 ? 0n : value;
	let mask = BigInt(bitmask);
	let result = value & mask;
	while ((mask & 1n) === 0n) {
		mask >>= 1n;
		result >>= 1n;
	}
	return result;
}

const maxDigits = 23;
const most64 = (1n << 64n) - 1n;
