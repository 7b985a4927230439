import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js';
import { compareCodePoints } from './order.js';

/**
 * The longest part of an artifact's path, in UTF-8 bytes: 255 is the limit of the common file systems, and
 * variants, extensions and temporary names are appended to it.
 */
const MAX_PART_BYTES = 200;

/** Folders that would take the name of a stage's own file or of another source's artifact. */
const TAKEN_BY_FILES = /^(?:manifest\.jsonl|run\.json)$|\.(?:jpg|npy)$/iu;

/** Names that Windows keeps for devices, whatever their extension. */
const RESERVED = /^(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])(\.|$)/iu;

/**
 * Gives every source the path (without extension) that its artifacts have in each stage folder. The paths are
 * injective and differ even where upper and lower case or Unicode normal forms are not told apart, hold
 * only characters that Linux, macOS and Windows allow, and have no part longer than 200 bytes.
 *
 * A source `x.jpg` becomes `x`; any other extension is kept (`x.png` and `x.jpg` are two pictures). Where
 * two sources would still share a path, each of them gets `~` and 8 hex digits of its id's SHA-256.
 * @param sourceIds all sources, in any order: the result does not depend on it
 */
export function artifactNames(sourceIds: Iterable<string>): Map<string, string> {
  const ids = [...sourceIds].sort(compareCodePoints);
  const natural = new Map(ids.map((id) => [id, naturalName(id)]));
  const owners = new Map<string, number>();
  for (const name of natural.values()) owners.set(fold(name), (owners.get(fold(name)) ?? 0) + 1);
  const taken = new Set([...natural.values()].filter((n) => owners.get(fold(n)) === 1).map(fold));
  const names = new Map<string, string>();
  for (const id of ids) {
    const name = natural.get(id) as string;
    if (owners.get(fold(name)) === 1) {
      names.set(id, name);
      continue;
    }
    const digest = idDigest(id);
    let unique = withSuffix(name, digest.slice(0, 8));
    for (let length = 9; taken.has(fold(unique)) && length <= digest.length; length++) {
      unique = withSuffix(name, digest.slice(0, length));
    }
    taken.add(fold(unique));
    names.set(id, unique);
  }
  return names;
}

const fold = (name: string) => name.normalize('NFC').toLowerCase().normalize('NFC');

const idDigest = (id: string) => bytesToHex(sha256(utf8ToBytes(id)));

const withSuffix = (name: string, suffix: string) => `${name}~${suffix}`;

function naturalName(id: string): string {
  const stem = id.endsWith('.jpg') && !id.endsWith('/.jpg') ? id.slice(0, -4) : id;
  const parts = stem.split('/');
  return parts.map((part, i) => safePart(part, i < parts.length - 1)).join('/');
}

/** One path part that every file system takes; whatever had to be replaced is told apart by a digest. */
function safePart(part: string, isFolder: boolean): string {
  const safe = part
    .normalize('NFC')
    .replace(TAKEN_BY_FILES, isFolder ? '$&_' : '$&')
    .replace(/[\p{Cc}<>:"\\|?*]/gu, '_')
    .replace(/[. ]+$/u, '_')
    .replace(RESERVED, '_$&');
  const short = truncate(safe, MAX_PART_BYTES);
  const lost = safe !== part.normalize('NFC') || short !== safe;
  return lost ? withSuffix(truncate(safe, MAX_PART_BYTES - 9), idDigest(part).slice(0, 8)) : short;
}

/** The most UTF-8 bytes that one UTF-16 code unit of a text becomes. */
const MAX_UNIT_BYTES = 3;

/** The longest prefix of whole characters within `maxBytes` UTF-8 bytes. */
function truncate(text: string, maxBytes: number): string {
  if (text.length * MAX_UNIT_BYTES <= maxBytes) return text;
  let bytes = 0;
  let end = 0;
  for (const character of text) {
    bytes += utf8ToBytes(character).length;
    if (bytes > maxBytes) break;
    end += character.length;
  }
  return text.slice(0, end);
}
