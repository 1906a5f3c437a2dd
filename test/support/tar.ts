/** Archives of tar for tests. */

/** Files by name. */
export function tarOf(files: Readonly<Record<string, string>>): Buffer {
	const blocks = Object.entries(files).flatMap(([name, text]) => {
		const body = Buffer.from(text, "latin1");
		const header = Buffer.alloc(512);
		header.write(name, 0);
		header.write("0000644\0", 100);
		header.write(`${body.length.toString(8).padStart(11, "0")}\0`, 124);
		header.write("        0ustar\x0000", 148);
		header.write("0", 156);
		header.write("ustar\x0000", 257);
		return [header, body, Buffer.alloc((512 - (body.length % 512)) % 512)];
	});
	return Buffer.concat([...blocks, Buffer.alloc(1_024)]);
}
