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
