import type { Command } from 'commander';
import type { Device } from '../../engine';
import type { FormatName } from '../files/formats';
import type { MetadataChoice } from '../files/metadata/carry';
import { parseDepth, parseDevice, parseFormat, parseMetadata, parseQuality, parseTile } from '../option-values';

/** What {@link addComputing} asks for. */
export interface ComputingFlags {
  device: 'auto' | Device;
  tile?: number;
}

/** What {@link addWriting} asks for. */
export interface WritingFlags {
  format?: FormatName;
  quality?: number;
  depth?: 8 | 16;
  metadata?: MetadataChoice;
}

/** What {@link addTelling} asks for. */
export interface TellingFlags {
  json?: boolean;
  quiet?: boolean;
}

/** What computes, for every command that upscales. */
export function addComputing(command: Command): Command {
  return command
    .option('--device <device>', 'auto, webgpu or cpu', parseDevice, 'auto')
    .option('--tile <pixels>', 'side of a tile in input pixels (default: what the device takes)', parseTile);
}

/** How results are written. */
export function addWriting(command: Command): Command {
  return command
    .option('--format <format>', 'png, jpg, webp, tiff or avif (default: by the name, else png)', parseFormat)
    .option('--quality <1-100>', 'for jpg (default 93), webp (90) and avif (80)', parseQuality)
    .option('--depth <bits>', 'write 8 or 16 bits per channel (default: as the picture)', parseDepth)
    .option(
      '--metadata <choice>',
      'keep (default), minimal: author and copyright only, or strip; colour and resolution always stay',
      parseMetadata,
    );
}

/** What the command says while it works. */
export function addTelling(command: Command): Command {
  return command
    .option('--json', 'one JSON object per line on standard output')
    .option('-q, --quiet', 'print errors only');
}
