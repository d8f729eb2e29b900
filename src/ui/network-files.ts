/** Endings of the files that networks come in, as an input's `accept`; ncnn's come in pairs. */
export const networkEndings = '.onnx,.pth,.pt,.ckpt,.safetensors,.param,.bin';

const network = new RegExp(`(${networkEndings.replaceAll('.', '\\.').replaceAll(',', '|')})$`, 'i');
const stem = (name: string): string => name.replace(/\.[^.]*$/, '').toLowerCase();

/** What a network is called where its file tells nothing else. */
export const withoutNetworkEnding = (name: string): string => name.replace(network, '');

/** The networks among files that were chosen or dropped together: the file of each, or the two of an ncnn pair. */
export function networksAmong<Named extends { readonly name: string }>(files: readonly Named[]): (readonly Named[])[] {
  const half = /\.(param|bin)$/i;
  const left = files.filter(({ name }) => network.test(name));
  const found: (readonly Named[])[] = [];
  for (let first = left.shift(); first !== undefined; first = left.shift()) {
    const { name } = first;
    const at = half.test(name) ? left.findIndex((each) => half.test(each.name) && stem(each.name) === stem(name)) : -1;
    found.push(at < 0 ? [first] : [first, ...left.splice(at, 1)]);
  }
  return found;
}
