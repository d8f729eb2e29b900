/** Gives the person a file, by the browser's download. */
export function saveFile(name: string, file: Blob): void {
  const url = URL.createObjectURL(file);
  Object.assign(document.createElement('a'), { href: url, download: name }).click();
  // The download has the file by then.
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}
