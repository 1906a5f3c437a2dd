/** The files of real programs in `test/captures/pki`. */
import captured from "../captures/pki/pki-files.json" with { type: "json" };

/** The octets of one file. */
export function pkiFile(name: keyof typeof captured.files): Buffer {
	return Buffer.from(captured.files[name], "base64");
}

/** The octets of every file whose name begins with the prefix. */
export function pkiFiles(prefix: string): Buffer[] {
	return pkiFileNames.filter((name) => name.startsWith(prefix)).map(pkiFile);
}

const pkiFileNames = Object.keys(captured.files) as (keyof typeof captured.files)[];
