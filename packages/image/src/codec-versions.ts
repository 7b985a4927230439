import { loadSharp } from './codec.js';

/** The versions of sharp and of libvips, which does its work. @throws whatever keeps sharp from loading here */
export async function codecVersions(): Promise<{ sharp: string; vips: string }> {
  await loadSharp();
  const { default: sharp } = await import('sharp');
  const { sharp: version = 'unknown', vips } = sharp.versions;
  return { sharp: version, vips };
}
