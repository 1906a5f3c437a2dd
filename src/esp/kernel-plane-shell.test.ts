import assert from "node:assert/strict";
import { test } from "node:test";
import { runAlone } from "../../test/support/run-alone.ts";

test("a kernel that cannot protect packets says why; whatever it can, nothing is left at the end", (t) => {
	const output = runAlone(
		t,
		`
		const { openLinux } = await import("#base/linux-shell.ts");
		const { clearKernelLeftovers, openKernelPlane, probeKernel } = await import("#esp/kernel-plane-shell.ts");
		const linux = await openLinux();
		const reason = probeKernel(linux);
		console.log(reason === undefined || /^it makes no (association of ESP|tunnel device \\(VTI\\)): .*E[A-Z]+/.test(reason));
		const plane = openKernelPlane(linux, { wanted() {}, wornOut() {}, spent() {}, noted() {}, told() {} });
		const made = await plane.addUnit("st0.0", 4).then(() => true, (error) => error.message);
		console.log(made === true || /E[A-Z]+/.test(made));
		plane.configure([{ name: "v", unit: "st0.0", dfBit: "clear", selectors: undefined }], 0);
		console.log((await plane.report()).unknownSpi);
		await plane.close();
		console.log(clearKernelLeftovers(linux), ip("link show").includes("st0"));
		process.exit();
		`,
	);
	if (output !== undefined) assert.equal(output, "true\ntrue\n0\n0 false\n");
});
