// Reads a file of ids: one a line, or a table with commas, semicolons or tabs between its columns.

const SEPARATORS = ["\t", ";", ","];
const LOOKED_AT = 50;

/** The rows of a file, each a list of texts; empty lines are left out. Throws for what is no text. */
export function rowsOf(bytes) {
  const text = textOf(bytes);
  if (text.includes("\u0000")) throw new Error("no text");
  const lines = text.split(/\r\n|\n|\r/).filter((line) => line.trim());
  const separator = separatorOf(lines.slice(0, LOOKED_AT));
  return lines.map((line) => cells(line, separator));
}

function textOf(bytes) {
  const marks = new Uint8Array(bytes.slice(0, 2));
  // spreadsheets save "Unicode text" as UTF-16
  if (marks[0] === 0xff && marks[1] === 0xfe) return new TextDecoder("utf-16le").decode(bytes);
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return new TextDecoder("gb18030", { fatal: true }).decode(bytes);
  }
}

/** The separator that most lines hold as often as the first; null for one id a line. */
function separatorOf(lines) {
  const times = (line, separator) => line.split(separator).length - 1;
  return (
    SEPARATORS.find((separator) => {
      const of = times(lines[0] ?? "", separator);
      return of > 0 && lines.filter((line) => times(line, separator) >= of).length > lines.length / 2;
    }) ?? null
  );
}

function cells(line, separator) {
  if (separator === null) return [bare(line)];
  const found = [];
  let cell = "";
  let quoted = false;
  for (const sign of line) {
    if (sign === '"') quoted = !quoted;
    if (sign === separator && !quoted) {
      found.push(bare(cell));
      cell = "";
    } else cell += sign;
  }
  return [...found, bare(cell)];
}

function bare(cell) {
  const text = cell.trim();
  return text.length > 1 && text.startsWith('"') && text.endsWith('"') ? text.slice(1, -1).replaceAll('""', '"') : text;
}
