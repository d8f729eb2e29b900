/** What computes, by what a person would notice: a graphics card, several threads of the CPU, or a single one. */
export type Speed = 'gpu' | 'threads' | 'slow';
