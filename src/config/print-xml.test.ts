import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { printXml } from "#config/print-xml.ts";
import { equalSlots } from "#config/tree.ts";
import { arbitraryConfig } from "../../test/support/config-arbitraries.ts";
import { sampleRoot, treeOf } from "../../test/support/config-sample.ts";
import { treeOfXml } from "../../test/support/config-xml.ts";

test("statements are elements, keys come first, marks are attributes, text is escaped", () => {
	const tree = treeOf(
		'system { location "<a> & \\"b\\""; ports [ 1 2 ]; root-authentication secret x; } interfaces { inactive: ge-0/0/0 { disable; unit 0 { family inet; } } }',
	);
	assert.equal(
		printXml(sampleRoot, tree, { hidesSecrets: true }),
		`<configuration>
    <system>
        <location>&lt;a&gt; &amp; &quot;b&quot;</location>
        <root-authentication>
            <secret>/* SECRET-DATA */</secret>
        </root-authentication>
        <ports>1</ports>
        <ports>2</ports>
    </system>
    <interfaces>
        <interface inactive="inactive">
            <name>ge-0/0/0</name>
            <disable/>
            <unit>
                <name>0</name>
                <family>
                    <inet/>
                </family>
            </unit>
        </interface>
    </interfaces>
</configuration>
`,
	);
});

test("nothing of any tree is lost in its XML", () => {
	fc.assert(
		fc.property(arbitraryConfig, ({ schema, tree }) => {
			const printed = printXml(schema, tree);
			assert.ok(equalSlots(treeOfXml(schema, printed), tree), printed);
		}),
		{ numRuns: 300 },
	);
});
