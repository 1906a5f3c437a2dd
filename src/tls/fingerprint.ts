/**
 * JA3 and JA4: names for a client's TLS library, made from its ClientHello.
 *
 * JA3 keeps the order of the extensions, which Chromium permutes for each connection; JA4 sorts them.
 *
 * Source: github.com/salesforce/ja3 (BSD 3-Clause); github.com/FoxIO-LLC/ja4 technical_details/JA4.md (JA4 TLS client
 * fingerprinting, BSD 3-Clause).
 */

import { createHash } from "node:crypto";
import type { ClientHello } from "#tls/client-hello.ts";
import { extensionType } from "#tls/extension-types.ts";
import { isGrease } from "#tls/grease.ts";
import { protocolVersion } from "#tls/record.ts";

/**
 * The JA3 fingerprint, 32 lower-case hexadecimal digits: MD5 over `ja3Text`.
 */
export function ja3(hello: ClientHello): string {
	return createHash("md5").update(ja3Text(hello)).digest("hex");
}

/** What JA3 hashes: `version,suites,extensions,groups,point formats`, in decimal, in the client's order, without GREASE. */
export function ja3Text(hello: ClientHello): string {
	return [
		String(hello.legacyVersion),
		decimal(hello.cipherSuites),
		decimal(hello.extensions.map((extension) => extension.type)),
		decimal(hello.supportedGroups),
		hello.ecPointFormats.join("-"),
	].join(",");
}

/**
 * The JA4 fingerprint of a client on TCP.
 *
 * Shape: `t` version SNI suites extensions ALPN `_` 12 digits of SHA-256 over the sorted suites `_` 12 digits over the
 * sorted extensions (without SNI and ALPN) and the signature algorithms in the client's order:
 * `t13d1516h2_8daaf6152771_e5627efa2ab1`.
 */
export function ja4(hello: ClientHello): string {
	const { prefix, suites, extensions } = ja4Parts(hello);
	return `${prefix}_${truncatedHash(suites)}_${truncatedHash(extensions)}`;
}

/** JA4 before hashing (JA4_r), to see which suite or extension makes the difference. */
export function ja4Text(hello: ClientHello): string {
	const { prefix, suites, extensions } = ja4Parts(hello);
	return `${prefix}_${suites}_${extensions}`;
}

function ja4Parts(hello: ClientHello): { prefix: string; suites: string; extensions: string } {
	const suites = hello.cipherSuites.filter(isNotGrease);
	const types = hello.extensions.map((extension) => extension.type).filter(isNotGrease);
	const schemes = hello.signatureAlgorithms.filter(isNotGrease);
	const hasServerName = types.includes(extensionType.serverName);
	const prefix = `t${ja4Version(hello)}${hasServerName ? "d" : "i"}${count(suites)}${count(types)}${ja4Alpn(hello)}`;
	const sorted = types.filter((type) => type !== extensionType.serverName && type !== extensionType.alpn);
	const algorithms = schemes.length === 0 || sorted.length === 0 ? "" : `_${hexList(schemes)}`;
	return {
		prefix,
		suites: hexList(suites.sort(ascending)),
		extensions: `${hexList(sorted.sort(ascending))}${algorithms}`,
	};
}

function ja4Version(hello: ClientHello): string {
	const offered = hello.supportedVersions.filter(isNotGrease);
	const version = offered.length === 0 ? hello.legacyVersion : Math.max(...offered);
	return ja4Versions.get(version) ?? "00";
}

/** First and last character of the first protocol; of its hexadecimal form when either is not a letter or digit. */
function ja4Alpn(hello: ClientHello): string {
	const [name] = hello.alpn;
	if (name === undefined) return "00";
	const ends = `${name[0]}${name.at(-1)}`;
	if (/^[0-9A-Za-z]{2}$/.test(ends)) return ends;
	const hex = Buffer.from(name, "latin1").toString("hex");
	return `${hex[0]}${hex.at(-1)}`;
}

/** "If there are no values, 000000000000": an empty list is seen at once. */
function truncatedHash(text: string): string {
	return text === "" ? "000000000000" : createHash("sha256").update(text).digest("hex").slice(0, 12);
}

function decimal(values: readonly number[]): string {
	return values.filter(isNotGrease).join("-");
}

function hexList(values: readonly number[]): string {
	return values.map((value) => value.toString(16).padStart(4, "0")).join(",");
}

function count(values: readonly number[]): string {
	return String(Math.min(values.length, 99)).padStart(2, "0");
}

function ascending(a: number, b: number): number {
	return a - b;
}

function isNotGrease(value: number): boolean {
	return !isGrease(value);
}

const ja4Versions: ReadonlyMap<number, string> = new Map([
	[protocolVersion.tls13, "13"],
	[protocolVersion.tls12, "12"],
	[protocolVersion.tls11, "11"],
	[protocolVersion.tls10, "10"],
	[protocolVersion.ssl30, "s3"],
]);
