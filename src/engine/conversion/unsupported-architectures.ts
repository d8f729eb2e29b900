/**
 * Networks that people bring as weights and that are not built here, by a name that only their weights have; the first
 * that fits, so that what is derived from another comes before it.
 */
const UNSUPPORTED: readonly (readonly [name: RegExp, architecture: string])[] = [
  [/^layers\.0\.residual_group\.td$/, 'ATD'],
  [/^layers\.0\.residual_group\.blocks\.0\.attn\.logit_scale$/, 'Swin2SR'],
  [/^layers\.0\.residual_group\.blocks\.0\.attn\.kv\.weight$/, 'SRFormer'],
  [/^layers\.0\.blocks\.0\.gamma$/, 'RGT'],
  [/^layers\.0\.swin1\./, 'DRCT'],
  [/^residual_layer\.0\.residual_layer\./, 'OmniSR'],
  [/^middle_blks\.0\.beta$/, 'NAFNet'],
  [/^encoder_level1\.0\.norm1\.body\.weight$/, 'Restormer'],
  [/^m_down1\.0\.trans_block\./, 'SCUNet'],
  [/^feats\.0\.safm\./, 'SAFMN'],
  [/^body\.0\.body\.0\.body\.3\.conv_du\./, 'RCAN'],
  [/^model\.diffusion_model\./, 'a Stable Diffusion checkpoint'],
  [/lora_(down|up|A|B)\.weight$/, 'a LoRA'],
];

/** What the weights of these names belong to; nothing where nobody knows. */
export function unsupportedArchitecture(names: Iterable<string>): string | undefined {
  const all = [...names];
  return UNSUPPORTED.find(([name]) => all.some((each) => name.test(each)))?.[1];
}
