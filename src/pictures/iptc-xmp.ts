import { textAt, viewOf } from './picture';

/**
 * IPTC-IIM datasets as XMP properties, for formats that have no place for the former. The pairs are those of the IPTC
 * Photo Metadata Standard.
 */
type Form = 'text' | 'alt' | 'seq' | 'bag';

const properties: Readonly<Record<number, readonly [name: string, form: Form]>> = {
  5: ['dc:title', 'alt'],
  10: ['photoshop:Urgency', 'text'],
  15: ['photoshop:Category', 'text'],
  20: ['photoshop:SupplementalCategories', 'bag'],
  25: ['dc:subject', 'bag'],
  40: ['photoshop:Instructions', 'text'],
  55: ['photoshop:DateCreated', 'text'],
  80: ['dc:creator', 'seq'],
  85: ['photoshop:AuthorsPosition', 'text'],
  90: ['photoshop:City', 'text'],
  92: ['Iptc4xmpCore:Location', 'text'],
  95: ['photoshop:State', 'text'],
  100: ['Iptc4xmpCore:CountryCode', 'text'],
  101: ['photoshop:Country', 'text'],
  103: ['photoshop:TransmissionReference', 'text'],
  105: ['photoshop:Headline', 'text'],
  110: ['photoshop:Credit', 'text'],
  115: ['photoshop:Source', 'text'],
  116: ['dc:rights', 'alt'],
  120: ['dc:description', 'alt'],
  122: ['photoshop:CaptionWriter', 'text'],
};

/** Said in part by a property above (the time of day), or of the datasets themselves (their version). */
const besides = new Set([0, 60]);

const namespaces: Readonly<Record<string, string>> = {
  dc: 'http://purl.org/dc/elements/1.1/',
  photoshop: 'http://ns.adobe.com/photoshop/1.0/',
  Iptc4xmpCore: 'http://iptc.org/std/Iptc4xmpCore/1.0/xmlns/',
};

interface Dataset {
  readonly number: number;
  readonly text: string;
}

/** Record 2, as text: in UTF-8 where it is that, whether or not the file says so. */
function textsOf(datasets: Uint8Array): Dataset[] {
  const found: Dataset[] = [];
  for (let at = 0; at + 5 <= datasets.length;) {
    const size = viewOf(datasets).getUint16(at + 3);
    // Longer ones than 32 KB are no text.
    if (size & 0x8000) break;
    const bytes = datasets.subarray(at + 5, at + 5 + size);
    if (datasets[at + 1] === 2) found.push({ number: datasets[at + 2]!, text: decoded(bytes) });
    at += 5 + size;
  }
  return found;
}

function decoded(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return textAt(bytes, 0, bytes.length);
  }
}

const escaped = (text: string) =>
  text
    .replace(/&/g, '&amp;')
    .replace(/</g, '&lt;')
    .replace(/>/g, '&gt;')
    // eslint-disable-next-line no-control-regex -- XML has no place for them
    .replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f]/g, '');

/** `20240131`, `142530+0100` as ISO 8601 has it. */
function dateOf(date: string, time: string | undefined): string {
  const day = date.replace(/^(\d{4})(\d\d)(\d\d)$/, '$1-$2-$3');
  const hour = time?.replace(/^(\d\d)(\d\d)(\d\d)(?:([+-]\d\d)(\d\d))?$/, (_, h, m, s, zone, minutes) =>
    zone ? `T${h}:${m}:${s}${zone}:${minutes}` : `T${h}:${m}:${s}`,
  );
  return hour?.startsWith('T') ? day + hour : day;
}

function element(name: string, form: Form, values: readonly string[]): string {
  const items = values.map(escaped);
  if (form === 'text') return `<${name}>${items[0]}</${name}>`;
  const kind = { alt: 'Alt', seq: 'Seq', bag: 'Bag' }[form];
  const open = form === 'alt' ? '<rdf:li xml:lang="x-default">' : '<rdf:li>';
  return `<${name}><rdf:${kind}>${items.map((item) => `${open}${item}</rdf:li>`).join('')}</rdf:${kind}></${name}>`;
}

/**
 * Adds to `xmp` what `datasets` say and it does not.
 * @returns the packet, and whether something in the datasets has no place in it
 */
export function iptcIntoXmp(datasets: Uint8Array, xmp: string | null): { xmp: string | null; left: boolean } {
  const texts = textsOf(datasets).filter(({ text }) => text.length > 0);
  const left = texts.some(({ number }) => !(number in properties) && !besides.has(number));
  const time = texts.find(({ number }) => number === 60)?.text;
  const elements = Object.entries(properties).flatMap(([number, [name, form]]) => {
    const values = texts.filter((each) => each.number === Number(number)).map(({ text }) => text);
    if (values.length === 0 || (xmp !== null && new RegExp(`[\\s<]${name}[\\s=>/]`).test(xmp))) return [];
    return [element(name, form, name === 'photoshop:DateCreated' ? [dateOf(values[0]!, time)] : values)];
  });
  if (elements.length === 0) return { xmp, left };
  const spaces = Object.entries(namespaces).map(([prefix, address]) => `xmlns:${prefix}="${address}"`);
  const description = `<rdf:Description rdf:about="" ${spaces.join(' ')}>${elements.join('')}</rdf:Description>`;
  if (xmp === null) {
    const rdf = `<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">${description}</rdf:RDF>`;
    const packet = `<x:xmpmeta xmlns:x="adobe:ns:meta/">${rdf}</x:xmpmeta>`;
    return { xmp: `<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>${packet}<?xpacket end="w"?>`, left };
  }
  // A packet whose RDF has another prefix than everybody's is left alone.
  const end = xmp.lastIndexOf('</rdf:RDF>');
  return end < 0 ? { xmp, left: true } : { xmp: xmp.slice(0, end) + description + xmp.slice(end), left };
}
