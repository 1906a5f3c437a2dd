/**
 * What is usual in traffic, so that patterns are known by what is not: a pattern lends its least usual piece to the search, and of
 * several contents of a rule the usual ones come last.
 */

/** Whether these octets stand in usual text as a whole, case aside. */
export function isUsual(octets: Uint8Array): boolean {
	return lowerText.includes(Buffer.from(octets).toString("latin1").toLowerCase());
}

/** Where the piece of so many octets begins whose samples are least usual together. */
export function unusualPiece(octets: Uint8Array, length: number, sample: number): number {
	const samples = length - sample + 1;
	const costs = Array.from({ length: Math.max(0, octets.length - sample + 1) }, (_, at) =>
		usualness(octets, at, sample),
	);
	let best = 0;
	let bestCost = Number.POSITIVE_INFINITY;
	for (let start = 0; start + length <= octets.length; start++) {
		let cost = 0;
		for (let at = start; at < start + samples; at++) cost += costs[at] as number;
		if (cost < bestCost) {
			best = start;
			bestCost = cost;
		}
	}
	return best;
}

/** How often the sample stands in usual text; a little for pairs of it that stand there in other words. */
function usualness(octets: Uint8Array, at: number, sample: number): number {
	let key = 0;
	let pairsProduct = 1;
	for (let index = at; index < at + sample; index++) {
		const octet = (octets[index] as number) | caseBit;
		key = key * 256 + octet;
		if (index > at) pairsProduct *= pairs[key & 0xffff] || rarePair;
	}
	return (samples[sample]?.get(key) ?? 0) * wholeWeight + Math.cbrt(pairsProduct);
}

/** By length of the sample: how often each stands in the text. */
function count(text: Uint8Array, sample: number): Map<number, number> {
	const counts = new Map<number, number>();
	for (let at = 0; at + sample <= text.length; at++) {
		let key = 0;
		for (let index = at; index < at + sample; index++) key = key * 256 + ((text[index] as number) | caseBit);
		counts.set(key, (counts.get(key) ?? 0) + 1);
	}
	return counts;
}

/** Pages, scripts, styles, heads of HTTP, words of English, fillings of programs. */
const usualText = `
<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="content-type" content="text/html; charset=utf-8"><title></title><link rel="stylesheet" type="text/css" href="
https://www.example.com/index.html"><script type="text/javascript" src="js/jquery.min.js"></script></head><body onload="">
<div class="" id="main"><h1></h1><p></p><a href="http://" target="_blank"></a><img src="images/logo.png" alt="" width="100%" height="0">
<ul><li></li></ul><table border="0" cellpadding="0" cellspacing="0"><tr><td align="center"></td></tr></table><span style="display:none;
color:#ffffff; font-family: arial, sans-serif; font-size: 12px; background-color: #000000; text-align: left; margin: 0px; padding: 0 auto;
border: 1px solid; position: absolute; top: 0; overflow: hidden"></span><br /><form action="" method="post"><input type="hidden" name=""
value="submit"></form><!-- --></div></body></html>\n</div>\n    <div>\n  <li>\n\t\t\t\t\t\n\t\t\n\t\n        \n    }\n      {\r\n\r\n
function(){ return this; } var i = 0; for (var i = 0; i < a.length; i++) if (typeof a == "undefined" || null === b && true !== false) else {
new object.prototype.constructor = function(e, t, n, r) { window.document.location.getElementById("").innerHTML = string.replace(/ /g, ""); }
} catch (error) { throw new error("invalid argument"); } default: switch case break; continue; while const let => import export class extends
async await number array index value key data type name element event options config module exports require result response request message
object.keys(.map(.push(.call(.apply(.split(.join(.tostring(.indexof( });\n\t\t}); /** *///; copyright version license number create string
system error password login address update select service program microsoft download application/json user file files page site information
==== ---- **** //// .... #### ____ >>>> 0000 1111 2222 12345678 2020 2021 2022 2023 2024 2025 \0\0\0\0\0\xff\xff\xff\xff\xff
the and that this with from have which will would there their about other were been more when what your some could them than then these into
only our out can all one who his her has not are you for was but they she how its may any now new also most such where after first people work
world good well many through before must back because should each just those how too little state very make own still see men years way long
get here between both life under never day same another know while last might great old year off come since against go came right used take
three use ing ings tion tions ment ness able ance ence ally ed to of in is it as at be by he on or an so we my me do no if up am
content-length: user-agent: accept-encoding: gzip, deflate connection: keep-alive cache-control: no-cache date: mon, tue, wed, thu, fri, sat,
sun, jan feb mar apr may jun jul aug sep oct nov dec gmt server: last-modified: set-cookie: path=/ expires= http/1.1 200 ok mozilla/5.0
(windows nt 10.0; win64; x64) applewebkit/537.36 (khtml, like gecko) chrome/ safari/ this program cannot be run in dos mode`;

const lowerText = usualText.toLowerCase();
const caseBit = 0x20;
const octetsOfText = Buffer.from(usualText, "latin1");
const samples: Readonly<Record<number, ReadonlyMap<number, number>>> = {
	3: count(octetsOfText, 3),
	4: count(octetsOfText, 4),
};
const pairs = new Uint16Array(65_536);
for (const [pair, times] of count(octetsOfText, 2)) pairs[pair] = times;
const rarePair = 0.05;
const wholeWeight = 20;
