/** Networks as the community has them (.pth, .safetensors, ncnn pairs) become ONNX files. */
export { convert, kindOf, type BroughtFile, type Converted, type FileKind } from './convert';
