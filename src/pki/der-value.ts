/** The contents of DER elements that need arithmetic: object identifiers, times and integers. */

import { Buffer } from "node:buffer";

/** The content octets of an OBJECT IDENTIFIER from its dotted form. */
export function oidOctets(dotted: string): Uint8Array {
	const [first = 0n, second = 0n, ...rest] = dotted.split(".").map(BigInt);
	const octets: number[] = [];
	for (let arc of [first * 40n + second, ...rest]) {
		const groups = [Number(arc & 0x7fn)];
		for (arc >>= 7n; arc > 0n; arc >>= 7n) groups.unshift(Number(arc & 0x7fn) | 0x80);
		octets.push(...groups);
	}
	return Uint8Array.from(octets);
}

/** `YYYYMMDDHHMMSSZ` of a time in milliseconds since 1970. Fractions are cut. */
export function timeText(milliseconds: number): string {
	return `${new Date(milliseconds).toISOString().slice(0, 19).replaceAll(/[-T:]/g, "")}Z`;
}

/** Milliseconds since 1970 from `YYYYMMDDHHMMSSZ` or `YYMMDDHHMMSSZ`; undefined when it is no date or another form. */
export function timeValue(octets: Uint8Array, yearDigits: 2 | 4): number | undefined {
	if (octets.length !== yearDigits + 11 || octets[yearDigits + 10] !== 0x5a) return undefined;
	for (let index = 0; index < yearDigits + 10; index++) {
		const octet = octets[index] as number;
		if (octet < 0x30 || octet > 0x39) return undefined;
	}
	const two = (at: number): number => ((octets[at] as number) - 0x30) * 10 + ((octets[at + 1] as number) - 0x30);
	const head = two(0);
	const year = yearDigits === 4 ? head * 100 + two(2) : head + (head < 50 ? 2000 : 1900);
	const month = two(yearDigits);
	const day = two(yearDigits + 2);
	const hour = two(yearDigits + 4);
	const minute = two(yearDigits + 6);
	const second = two(yearDigits + 8);
	if (month < 1 || month > 12 || day < 1 || hour > 23 || minute > 59 || second > 59) return undefined;
	const isLeap = (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0;
	if (day > (month === 2 && isLeap ? 29 : (daysOfMonth[month - 1] as number))) return undefined;
	return (daysSinceEpoch(year, month, day) * 86_400 + hour * 3600 + minute * 60 + second) * 1000;
}

/** Days from 1970-01-01 in the Gregorian calendar; years begin in March so that the leap day comes last. */
function daysSinceEpoch(year: number, month: number, day: number): number {
	const y = month > 2 ? year : year - 1;
	const era = Math.floor(y / 400);
	const yearOfEra = y - era * 400;
	const dayOfYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + day - 1;
	const dayOfEra = yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear;
	return era * 146_097 + dayOfEra - 719_468;
}

/** The dotted form of an OBJECT IDENTIFIER's content; undefined when it is not minimal, cut short or above 128 octets. */
export function oidText(octets: Uint8Array, start: number, end: number): string | undefined {
	const length = end - start;
	if (length === 3 && octets[start] === 0x55 && (octets[start + 2] as number) < 0x80) {
		if (octets[start + 1] === 0x1d) return extensionOids[octets[start + 2] as number];
		if (octets[start + 1] === 0x04) return attributeOids[octets[start + 2] as number];
	}
	if (length === 0 || length > maxOidOctets || (octets[end - 1] as number) >= 0x80) return undefined;
	let text = "";
	let arc: number | bigint = 0;
	let isArcStart = true;
	for (let index = start; index < end; index++) {
		const octet = octets[index] as number;
		if (isArcStart && octet === 0x80) return undefined;
		const low = octet & 0x7f;
		if (typeof arc === "number" && arc < 2 ** 45) arc = arc * 128 + low;
		else arc = BigInt(arc) * 128n + BigInt(low);
		isArcStart = octet < 0x80;
		if (!isArcStart) continue;
		text = text === "" ? firstArcs(arc) : `${text}.${arc}`;
		arc = 0;
	}
	return text;
}

function firstArcs(value: number | bigint): string {
	if (value < 40) return `0.${value}`;
	if (value < 80) return `1.${Number(value) - 40}`;
	return `2.${typeof value === "bigint" ? value - 80n : value - 80}`;
}

/** The content of an INTEGER from a big-endian magnitude. */
export function positiveOctets(octets: Uint8Array): Uint8Array {
	let start = 0;
	while (start < octets.length - 1 && octets[start] === 0) start++;
	const magnitude = octets.subarray(start);
	if (magnitude.length > 0 && (magnitude[0] as number) < 0x80) return magnitude;
	const padded = new Uint8Array(magnitude.length + 1);
	padded.set(magnitude, 1);
	return padded;
}

/** The content of an INTEGER: two's complement in the fewest octets. */
export function signedOctets(value: bigint): Uint8Array {
	let count = 1;
	while (BigInt.asIntN(count * 8, value) !== value) count++;
	const digits = BigInt.asUintN(count * 8, value).toString(16);
	return Buffer.from(digits.padStart(count * 2, "0"), "hex");
}

const maxOidOctets = 128;
const daysOfMonth = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
const extensionOids = Array.from({ length: 128 }, (_, arc) => `2.5.29.${arc}`);
const attributeOids = Array.from({ length: 128 }, (_, arc) => `2.5.4.${arc}`);
