// Reads [{name, html}] from standard input and answers what html-validate finds, as
// [{name, line, rule, message}]: one start of Node.js for all the pages of a run.
import { readFileSync } from "node:fs";
import { HtmlValidate, StaticConfigLoader } from "html-validate";

const validator = new HtmlValidate(
  new StaticConfigLoader({
    extends: ["html-validate:recommended"],
    rules: {
      // How the markup is laid out is no concern of the people who read the page.
      "no-trailing-whitespace": "off",
      "attr-quotes": "off",
      "void-style": "off",
      "doctype-style": "off",
      // People who meet are boxes of one name, as HTML means it.
      "form-dup-name": ["error", { shared: ["radio", "checkbox", "submit", "button"] }],
      // A title says where one is, in names that people chose.
      "long-title": "off",
    },
  }),
);

const findings = [];
for (const { name, html } of JSON.parse(readFileSync(0, "utf8"))) {
  const report = await validator.validateString(html, `${name}.html`);
  for (const result of report.results) {
    for (const { line, ruleId, message } of result.messages) {
      findings.push({ name, line, rule: ruleId, message });
    }
  }
}
process.stdout.write(JSON.stringify(findings));
