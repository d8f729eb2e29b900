export function browserCommand(url: string): { command: string; args: string[] } | null;
export function openBrowser(url: string): void;
