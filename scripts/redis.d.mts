/** The server's program, the name that it is started under, and its version; null where there is none. */
export function findRedis(): { name: string; argv0: string; version: string } | null;
export function ensureRedis(): void;
