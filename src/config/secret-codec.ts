/**
 * The `$9$` form in which secrets are shown and stored: reversible obfuscation that keeps a key from being read over a
 * shoulder. It is not encryption; whoever has the text has the secret.
 *
 * Shape:  `$9$` | salt character | 0 to 3 filler characters (the salt says how many) | body.
 *         Every octet of the plain text becomes 2 to 4 characters; each encodes its distance from the one before.
 */

/** Where salt and filler come from: octets that need not be secret. */
export type SaltSource = (count: number) => Uint8Array;

/** The longest plain text, in octets of UTF-8. */
export const maxSecretOctets = 2_048;

/** True for a text that claims to be in `$9$` form. */
export function isEncodedSecret(text: string): boolean {
	return text.startsWith(magic);
}

/** Encodes a plain text of at most `maxSecretOctets`. The same salt octets give the same text. */
export function encodeSecret(plain: string, salt: SaltSource): string {
	const octets = Buffer.from(plain, "utf8");
	const [choice = 0, ...filler] = salt(4);
	const first = alphabet[choice % alphabet.length] as string;
	let text = magic + first;
	for (const octet of filler.slice(0, fillerAfter(first))) text += alphabet[octet % alphabet.length];
	let previous = digitOf(first);
	for (const [index, octet] of octets.entries()) {
		const weights = weightsOf[index % weightsOf.length] as readonly number[];
		const gaps: number[] = [];
		let rest = octet;
		for (const weight of weights.toReversed()) {
			gaps.unshift(Math.floor(rest / weight));
			rest %= weight;
		}
		for (const gap of gaps) {
			previous = (previous + gap + 1) % alphabet.length;
			text += alphabet[previous];
		}
	}
	return text;
}

/** The plain text, or undefined when the text is not a whole `$9$` string. */
export function decodeSecret(text: string): string | undefined {
	const salt = text[magic.length];
	if (!isEncodedSecret(text) || salt === undefined || digitOf(salt) < 0) return undefined;
	const start = magic.length + 1 + fillerAfter(salt);
	if (text.length < start || text.length - start > maxSecretOctets * 4) return undefined;
	for (let at = magic.length + 1; at < start; at++) if (digitOf(text[at] as string) < 0) return undefined;
	const octets: number[] = [];
	let previous = digitOf(salt);
	let at = start;
	while (at < text.length) {
		const weights = weightsOf[octets.length % weightsOf.length] as readonly number[];
		if (at + weights.length > text.length) return undefined;
		let octet = 0;
		for (const weight of weights) {
			const value = digitOf(text[at++] as string);
			if (value < 0 || value === previous) return undefined;
			octet += ((((value - previous) % alphabet.length) + alphabet.length - 1) % alphabet.length) * weight;
			previous = value;
		}
		octets.push(octet % 256);
	}
	const plain = Buffer.from(octets);
	const decoded = plain.toString("utf8");
	return Buffer.from(decoded, "utf8").equals(plain) ? decoded : plain.toString("latin1");
}

function digitOf(character: string): number {
	return alphabet.indexOf(character);
}

function fillerAfter(salt: string): number {
	return 3 - families.findIndex((family) => family.includes(salt));
}

const magic = "$9$";
const families = ["QzF3n6/9CAtpu0O", "B1IREhcSyrleKvMW8LXx", "7N-dVbwsY2g4oaJZGUDj", "iHkq.mPf5T"];
const alphabet = families.join("");
const weightsOf: readonly (readonly number[])[] = [
	[1, 4, 32],
	[1, 16, 32],
	[1, 8, 32],
	[1, 64],
	[1, 32],
	[1, 4, 16, 128],
	[1, 32, 64],
];
