/** Tags of EXIF (CIPA DC-008, section 4.6), and which of them are true of a picture that was made larger, cropped or turned. */
export const tags = {
  imageDescription: 0x010e,
  orientation: 0x0112,
  xResolution: 0x011a,
  yResolution: 0x011b,
  resolutionUnit: 0x0128,
  software: 0x0131,
  artist: 0x013b,
  copyright: 0x8298,
  exif: 0x8769,
  gps: 0x8825,
  userComment: 0x9286,
  width: 0xa002,
  height: 0xa003,
  interoperability: 0xa005,
} as const;

/**
 * What of the first directory describes the picture rather than how this file holds it. All else goes: strips, previews
 * and layers of a TIFF, raw data, map coordinates of pixels, and what nobody knows could show the picture before it was
 * cropped.
 */
const describing = new Set<number>([
  0x010d, // DocumentName
  tags.imageDescription,
  0x010f, // Make
  0x0110, // Network
  tags.orientation,
  0x011d, // PageName
  tags.software,
  0x0132, // DateTime
  tags.artist,
  0x013c, // HostComputer
  0x4746, // Rating
  0x4749, // RatingPercent
  tags.copyright,
  0x9c9b, // XPTitle
  0x9c9c, // XPComment
  0x9c9d, // XPAuthor
  0x9c9e, // XPKeywords
  0x9c9f, // XPSubject
]);

/** Maker notes hold previews and addresses inside the camera's own file; the others say where in the picture something is. */
const dropped = new Set<number>([
  0x927c, // MakerNote
  0x9214, // SubjectArea
  0xa214, // SubjectLocation
  0xa20e, // FocalPlaneXResolution
  0xa20f, // FocalPlaneYResolution
  0xa210, // FocalPlaneResolutionUnit
  0xea1c, // Padding
  tags.interoperability,
]);

/** A value in a directory; `null` where it could not be read. */
interface Said {
  readonly tag: number;
  readonly type: number;
  readonly value: Uint8Array | null;
}

/** Whether an entry below the first directory comes along. No JPEG does, whatever it is called. */
export const isCarried = ({ tag, type, value }: Said): boolean =>
  value !== null && !dropped.has(tag) && !((type === 1 || type === 7) && holdsJpeg(value));

/** Whether an entry of the first directory comes along. */
export const isDescribing = (entry: Said): boolean => describing.has(entry.tag) && isCarried(entry);

function holdsJpeg(value: Uint8Array): boolean {
  for (let at = value.indexOf(0xff); at >= 0; at = value.indexOf(0xff, at + 1))
    if (value[at + 1] === 0xd8 && value[at + 2] === 0xff) return true;
  return false;
}
