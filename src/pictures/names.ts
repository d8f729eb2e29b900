/** Endings of files that are pictures, whether LWay reads them or says why not. Camera raw lies beside its JPEG in many folders. */
const endings = (
  'png apng jpg jpeg jpe jfif webp avif tif tiff psd psb gif svg bmp dib ' +
  'ppm pgm pbm pnm tga heic heif jxl jp2 exr hdr pam'
).split(' ');

/** For an input element. */
export const pictureEndings = endings.map((ending) => `.${ending}`).join(',');

const ending = new RegExp(`\\.(${endings.join('|')})$`, 'i');

export const hasPictureEnding = (name: string): boolean => ending.test(name);

/** A file's name without the ending of a picture. */
export const baseName = (name: string): string => name.replace(ending, '');

/** A name that every file system takes. */
export function fileName(name: string): string {
  // eslint-disable-next-line no-control-regex -- they are what is to be replaced
  const plain = name.replace(/[\u0000-\u001f<>:"/\\|?*]+/g, '-').replace(/^[. ]+|[. ]+$/g, '');
  return plain.slice(0, 180) || 'picture';
}

/** `photo-x4` for a picture that is four times as large as it came. */
export function scaledName(name: string, scale: number): string {
  return fileName(scale > 1.001 ? `${baseName(name)}-x${Number(scale.toFixed(2))}` : baseName(name));
}
