/** Where a name was read wrongly, and what it was. */
export interface Repair {
  /** In Unicode normal form C. */
  readonly name: string;
  /** What the bytes were taken for, the last mistake first: ["CP437", "CP437"] for a name that went wrong twice. */
  readonly readAs: readonly string[];
}

/** The characters 0x80 to 0xFF of the code pages that archives and old systems write names in (Unicode's CP437.TXT …). */
const CP437 =
  'ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜ¢£¥₧ƒáíóúñÑªº¿⌐¬½¼¡«»░▒▓│┤╡╢╖╕╣║╗╝╜╛┐└┴┬├─┼' +
  '╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀αßΓπΣσµτΦΘΩδ∞φε∩≡±≥≤⌠⌡÷≈°∙·√ⁿ²■\u00a0';
const CP850 =
  'ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜø£Ø×ƒáíóúñÑªº¿®¬½¼¡«»░▒▓│┤ÁÂÀ©╣║╗╝¢¥┐└┴┬├─┼' +
  'ãÃ╚╔╩╦╠═╬¤ðÐÊËÈıÍÎÏ┘┌█▄¦Ì▀ÓßÔÒõÕµþÞÚÛÙýÝ¯´\u00ad±‗¾¶§÷¸°¨·¹³²■\u00a0';
const MAC_ROMAN =
  'ÄÅÇÉÑÖÜáàâäãåçéèêëíìîïñóòôöõúùûü†°¢£§•¶ß®©™´¨≠ÆØ∞±≤≥¥µ∂∑∏π∫ªºΩæø¿¡¬√ƒ≈' +
  '∆«»…\u00a0ÀÃÕŒœ–—“”‘’÷◊ÿŸ⁄€‹›ﬁﬂ‡·‚„‰ÂÊÁËÈÍÎÏÌÓÔ\uf8ffÒÚÛÙıˆ˜¯˘˙˚¸˝˛ˇ';

/** Characters 0x80 to 0x9F of Windows-1252; what it leaves undefined is Latin-1's, as browsers read it. */
const WINDOWS_1252 = '€\u0081‚ƒ„…†‡ˆ‰Š‹Œ\u008dŽ\u008f\u0090‘’“”•–—˜™š›œ\u009džŸ';

const LATIN_1 = String.fromCodePoint(...Array.from({ length: 128 }, (_, i) => 0x80 + i));

/** The byte of each character that the code page has beyond ASCII. */
const bytesOf = (...codePages: readonly string[]): ReadonlyMap<string, number> =>
  new Map(codePages.flatMap((all) => [...all].map((character, i) => [character, 0x80 + i] as const)));

/** What UTF-8 is taken for, the most usual mistake with names of folders first. */
const CODE_PAGES: readonly (readonly [name: string, bytes: ReadonlyMap<string, number>])[] = [
  ['CP437', bytesOf(CP437)],
  ['Windows-1252 (Latin-1)', bytesOf(LATIN_1, WINDOWS_1252)],
  ['CP850', bytesOf(CP850)],
  ['Mac Roman', bytesOf(MAC_ROMAN)],
];

/** As often as a name is unpacked and packed again by mistake. */
const MOST_MISTAKES = 3;

/**
 * Undoes that the UTF-8 bytes of a name were read as another encoding, once or several times: "Albrecht_Du╠êrer" was
 * "Albrecht_Dürer". A name counts as misread only if each of its bytes fits: all its characters belong to the code page
 * and the bytes are valid UTF-8, which hardly any real name's are.
 * @returns undefined for a name that was read as it is
 */
export function repairName(name: string): Repair | undefined {
  let repair: Repair | undefined;
  for (let mistakes = 0; mistakes < MOST_MISTAKES; mistakes++) {
    const step = undo((repair?.name ?? name).normalize('NFC'));
    if (step === undefined) break;
    repair = { name: step.name, readAs: [...(repair?.readAs ?? []), step.readAs] };
  }
  return repair !== undefined && isName(repair.name) ? repair : undefined;
}

function undo(name: string): { name: string; readAs: string } | undefined {
  const escaped = unescape(name);
  if (escaped !== undefined) return { name: escaped, readAs: 'escapes #U…' };
  const possible = CODE_PAGES.flatMap(([readAs, bytes]) => {
    const text = reread(name, bytes);
    return text === undefined ? [] : [{ name: text, readAs, rarest: rarest(text) }];
  });
  // some bytes are UTF-8 by two code pages: "uÃà" was "ü" by Mac Roman or, hardly, "uǅ" by CP850
  return possible.sort((a, b) => a.rarest - b.rarest)[0];
}

/** The highest code point of a text: the higher, the rarer. */
const rarest = (text: string) =>
  [...text].reduce((most, character) => Math.max(most, character.codePointAt(0) as number), 0);

/** The escapes of Info-ZIP's unzip where it cannot write a character: "Albrecht_Du#U0308rer". */
function unescape(name: string): string | undefined {
  const text = name.replace(/#U([0-9a-f]{4})/g, (_, digits: string) =>
    String.fromCodePoint(Number.parseInt(digits, 16)),
  );
  return text === name ? undefined : text.normalize('NFC');
}

function reread(name: string, bytes: ReadonlyMap<string, number>): string | undefined {
  const encoded: number[] = [];
  for (const character of name) {
    const byte = character < '\u0080' ? character.charCodeAt(0) : bytes.get(character);
    if (byte === undefined) return undefined;
    encoded.push(byte);
  }
  if (encoded.every((byte) => byte < 0x80)) return undefined;
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(Uint8Array.from(encoded)).normalize('NFC');
  } catch {
    return undefined; // not UTF-8, so it was never read wrongly
  }
}

/** Whether a text may be a name at all: no control characters and none that belong to nobody. */
const isName = (text: string) => !/[\p{Cc}\p{Cn}\p{Co}\p{Cs}]/u.test(text);
