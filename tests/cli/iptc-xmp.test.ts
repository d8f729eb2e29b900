import { iptcIntoXmp } from '../../src/pictures/iptc-xmp';

/** Datasets of record 2. */
const datasets = (...said: [number, string | Buffer][]) =>
  Buffer.concat(
    said.map(([number, text]) => {
      const bytes = Buffer.from(text as string);
      const head = Buffer.from([0x1c, 2, number, 0, 0]);
      head.writeUInt16BE(bytes.length, 3);
      return Buffer.concat([head, bytes]);
    }),
  );

test('every kind of property, escaped, in a packet of its own', () => {
  const { xmp, left } = iptcIntoXmp(
    datasets(
      [0, '\0\x04'],
      [80, 'Jane & Söhne'],
      [80, 'B'],
      [25, 'a<b'],
      [120, 'Caption'],
      [90, 'Köln'],
      [55, '20240131'],
      [60, '142530+0100'],
    ),
    null,
  );
  expect(left).toBe(false);
  expect(xmp).toContain(
    '<dc:creator><rdf:Seq><rdf:li>Jane &amp; Söhne</rdf:li><rdf:li>B</rdf:li></rdf:Seq></dc:creator>',
  );
  expect(xmp).toContain('<dc:subject><rdf:Bag><rdf:li>a&lt;b</rdf:li></rdf:Bag></dc:subject>');
  expect(xmp).toContain('<photoshop:City>Köln</photoshop:City>');
  expect(xmp).toContain('<photoshop:DateCreated>2024-01-31T14:25:30+01:00</photoshop:DateCreated>');
  expect(xmp).toMatch(/^<\?xpacket begin="\ufeff"[^]*<\?xpacket end="w"\?>$/);
});

test('what XMP says itself stays; the rest is added', () => {
  const own =
    '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="r"><rdf:Description photoshop:City="Bonn"/></rdf:RDF></x:xmpmeta>';
  const { xmp } = iptcIntoXmp(datasets([90, 'Köln'], [105, 'News']), own);
  expect(xmp).toContain('photoshop:City="Bonn"');
  expect(xmp).not.toContain('Köln');
  expect(xmp!.indexOf('<photoshop:Headline>News</photoshop:Headline>')).toBeGreaterThan(xmp!.indexOf('Bonn'));
  expect(xmp!.endsWith('</rdf:RDF></x:xmpmeta>')).toBe(true);
});

test('letters of an old file, and what has no place', () => {
  const { xmp, left } = iptcIntoXmp(datasets([120, Buffer.from('S\xfc\xdf', 'latin1')], [7, 'edit status']), null);
  expect(xmp).toContain('>Süß<');
  expect(left).toBe(true);
  expect(iptcIntoXmp(datasets([7, 'x']), null)).toEqual({ xmp: null, left: true });
  expect(iptcIntoXmp(datasets([120, 'x']), '<x/>')).toEqual({ xmp: '<x/>', left: true });
});
