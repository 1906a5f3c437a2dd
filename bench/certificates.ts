/** Certificates of the benchmark, made by the `openssl` command so that nothing under test makes them. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { runProgram } from "./processes.ts";
import { originName } from "./subject.ts";

export interface Issuer {
	readonly certificateFile: string;
	readonly keyFile: string;
}

export interface Issued extends Issuer {
	/** Certificate and key in one PEM file. */
	readonly bundleFile: string;
}

/** A P-256 CA in the directory. */
export function makeAuthority(directory: string, name: string): Issuer {
	const issuer = { certificateFile: join(directory, `${name}.pem`), keyFile: join(directory, `${name}.key`) };
	openssl(directory, [
		...["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "30"],
		...["-subj", `/CN=${name}`, "-keyout", issuer.keyFile, "-out", issuer.certificateFile],
		...["-addext", "basicConstraints=critical,CA:TRUE", "-addext", "keyUsage=critical,keyCertSign,cRLSign"],
	]);
	return issuer;
}

/** A P-256 server certificate for the origin's name and 127.0.0.1, signed by the CA. */
export function makeServerCertificate(directory: string, authority: Issuer): Issued {
	const certificateFile = join(directory, "server.pem");
	const keyFile = join(directory, "server.key");
	const requestFile = join(directory, "server.csr");
	const extensionsFile = join(directory, "server.ext");
	const bundleFile = join(directory, "server-bundle.pem");
	openssl(directory, [
		...["req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"],
		...["-subj", `/CN=${originName}`, "-keyout", keyFile, "-out", requestFile],
	]);
	writeFileSync(
		extensionsFile,
		[
			`subjectAltName=DNS:${originName},IP:127.0.0.1`,
			"basicConstraints=critical,CA:FALSE",
			"keyUsage=critical,digitalSignature",
			"extendedKeyUsage=serverAuth",
			"subjectKeyIdentifier=hash",
			"authorityKeyIdentifier=keyid",
		].join("\n"),
	);
	openssl(directory, [
		...["x509", "-req", "-in", requestFile, "-CA", authority.certificateFile, "-CAkey", authority.keyFile],
		...["-CAcreateserial", "-days", "20", "-extfile", extensionsFile, "-out", certificateFile],
	]);
	runProgram("sh", ["-c", 'cat "$1" "$2" > "$3"', "sh", certificateFile, keyFile, bundleFile], directory);
	return { certificateFile, keyFile, bundleFile };
}

function openssl(directory: string, args: readonly string[]): void {
	runProgram("openssl", args, directory);
}
