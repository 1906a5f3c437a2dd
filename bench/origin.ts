/** The origin: nginx on loopback with an ECDSA P-256 certificate, once resuming TLS sessions and once not. */
import { closeSync, mkdirSync, openSync, writeFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import { makeAuthority, makeServerCertificate } from "./certificates.ts";
import { freePort, startProgram, temporaryDirectory, waitForPort } from "./processes.ts";
import { type OriginFace, originName } from "./subject.ts";

export interface Origin {
	readonly caFile: string;
	readonly ports: Readonly<Record<OriginFace, number>>;
	stop(): Promise<void>;
}

/** Octets of `/small`. */
export const smallOctets = 1024;
/** Octets of `/large`; fetched as often as it takes. */
export const largeOctets = 256 * 1024 * 1024;

/** Octets of `/page.html`. */
export const pageOctets = 65_536;

/** Starts nginx. Every answer says in `X-Resumed` whether the TLS session it came over was resumed. */
export async function startOrigin(): Promise<Origin> {
	const directory = temporaryDirectory("origin");
	const authority = makeAuthority(directory, "bench-origin-ca");
	const issued = makeServerCertificate(directory, authority);
	writeObjects(join(directory, "www"));
	const ports = { resuming: await freePort(), "not-resuming": await freePort() };
	const configFile = join(directory, "nginx.conf");
	writeFileSync(configFile, configuration(directory, ports, issued));
	const logFile = join(directory, "nginx.log");
	const nginx = startProgram("nginx", ["-p", directory, "-c", configFile, "-e", logFile], { logFile });
	for (const port of Object.values(ports)) await waitForPort(port, nginx, logFile);
	return { caFile: authority.certificateFile, ports, stop: () => nginx.stop() };
}

/** Random octets, as most of what is downloaded is compressed; one MiB over and over, so that the page cache holds it. */
function writeObjects(directory: string): void {
	mkdirSync(directory);
	writeFileSync(join(directory, "small"), "s".repeat(smallOctets));
	writeFileSync(join(directory, "page.html"), pageText());
	const block = crypto.getRandomValues(new Uint8Array(65_536));
	const file = openSync(join(directory, "large"), "w");
	for (let octets = 0; octets < largeOctets; octets += block.length) writeSync(file, block);
	closeSync(file);
}

/** Text with mark-up and a script, as pages have; words from a small list in a fixed, irregular order. */
function pageText(): string {
	let text =
		"<!DOCTYPE html><html><head><title>A page</title><script>var a = document.getElementById('x');</script></head><body>";
	for (let seed = 1; text.length < pageOctets; seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648) {
		const word = pageWords[seed % pageWords.length] as string;
		text += seed % 17 === 0 ? `<a href="/${word}/${seed % 1_000}.html">${word}</a>\n` : `${word} `;
	}
	return text.slice(0, pageOctets);
}

const pageWords =
	"the of and to in that is was he for it with as his on be at by this had not are but from or have an they which one you were her all she there would their we him been has when who will more no if out so said what up its about into than them can only other new some could time these two may then do first any my now such like our over man me even most made after also did many before must through back years where much your way well down should because each just those people how too little state good very make world still own see men work long get here between both life being under never day same another know while last might us great old year off come since against go came right used take three".split(
		" ",
	);

function configuration(
	directory: string,
	ports: Readonly<Record<OriginFace, number>>,
	issued: { readonly certificateFile: string; readonly keyFile: string },
): string {
	const server = (face: OriginFace, session: string) => `
	server {
		listen 127.0.0.1:${ports[face]} ssl http2 backlog=4096;
		server_name ${originName};
		root ${directory}/www;
		ssl_certificate ${issued.certificateFile};
		ssl_certificate_key ${issued.keyFile};
		ssl_protocols TLSv1.2 TLSv1.3;
		${session}
		add_header X-Resumed $ssl_session_reused;
	}`;
	return `
${process.getuid?.() === 0 ? "user root;" : ""}
daemon off;
worker_processes 1;
worker_rlimit_nofile 16384;
pid ${directory}/nginx.pid;
events { worker_connections 8192; }
http {
	access_log off;
	default_type application/octet-stream;
	client_body_temp_path ${directory}/body;
	proxy_temp_path ${directory}/proxy;
	fastcgi_temp_path ${directory}/fastcgi;
	uwsgi_temp_path ${directory}/uwsgi;
	scgi_temp_path ${directory}/scgi;
	keepalive_requests 1000000000;
	keepalive_timeout 1h;
	tcp_nodelay on;
	${server("resuming", "ssl_session_cache shared:bench:10m; ssl_session_timeout 1h; ssl_session_tickets on;")}
	${server("not-resuming", "ssl_session_cache off; ssl_session_tickets off;")}
}
`;
}
