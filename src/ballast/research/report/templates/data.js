// What the page was given, and how its packed parts are read.
const DATA = JSON.parse(document.getElementById("data").textContent);

function readTimes(spec) {
  const gaps = typeof spec.gaps === "number" ? new Array(spec.gaps).fill(1) : spec.gaps;
  const found = [spec.start];
  for (const gap of gaps) found.push(found[found.length - 1] + gap * spec.step);
  return found;
}

// Undo `encode.packed`: base64, deflate, four byte planes a column, running sums.
async function unpack(detail) {
  const bytes = Uint8Array.from(atob(detail.packed), (c) => c.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  const plain = new Uint8Array(await new Response(stream).arrayBuffer());
  const rows = detail.rows, columns = [];
  for (let c = 0; c < 5; c++) {
    const column = new Array(rows), base = 4 * rows * c;
    let sum = 0;
    for (let i = 0; i < rows; i++) {
      const at = base + i;
      sum += plain[at] | (plain[at + rows] << 8) | (plain[at + 2 * rows] << 16) | (plain[at + 3 * rows] << 24);
      column[i] = sum;
    }
    columns.push(column);
  }
  const [clock, open, high, low, close] = columns;
  const price = (column) => column.map((value, i) => (column === open ? value : value + open[i]) * detail.unit);
  return {
    time: clock.map((k) => detail.origin + k * detail.frame),
    open: price(open), high: price(high), low: price(low), close: price(close), name: detail.name,
  };
}

const NUMBER = {};
function number(value, digits) {
  if (value === null || value === undefined) return "–";
  NUMBER[digits] = NUMBER[digits] || new Intl.NumberFormat("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits });
  return NUMBER[digits].format(value);
}

const PRICE = new Intl.NumberFormat("en-US", { maximumSignificantDigits: 8 });
function price(value) {
  return value === null ? "–" : PRICE.format(value);
}

function stamp(ms) {
  return new Date(ms).toISOString().slice(0, 16).replace("T", " ");
}

function span(ms) {
  const parts = [];
  let rest = Math.round(ms / 60000);
  for (const [name, size] of [["d", 1440], ["h", 60], ["m", 1]]) {
    const count = Math.floor(rest / size);
    rest -= count * size;
    if (count) parts.push(count + name);
  }
  return parts.slice(0, 2).join(" ") || "0m";
}
