/** Endings of the files that networks come in, as an input's `accept`; ncnn's come in pairs. */
export const networkEndings = '.onnx,.pth,.pt,.ckpt,.safetensors,.param,.bin';

const network = new RegExp(`(${networkEndings.replaceAll('.', '\\.').replaceAll(',', '|')})$`, 'i');
const stem = (name: string): string => name.replace(/\.[^.]*$/, '').toLowerCase();

/** What a network is called where its file tells nothing else. */
export const withoutNetworkEnding = (name: string): string => name.replace(network, '');

/** The first network among files that were chosen or dropped together: its file, and the other half of an ncnn pair. */
export function networkAmong<Named extends { readonly name: string }>(files: readonly Named[]): readonly Named[] {
  const all = files.filter(({ name }) => network.test(name));
  const first = all[0];
  if (first === undefined) return [];
  const half = /\.(param|bin)$/i;
  if (!half.test(first.name)) return [first];
  const other = all.find((each) => each !== first && half.test(each.name) && stem(each.name) === stem(first.name));
  return other === undefined ? [first] : [first, other];
}
