import { readFileSync } from 'node:fs';

/** What is known of a machine's processor. */
export interface Processor {
  /** As `process.platform` and `process.arch` name them. */
  readonly platform: string;
  readonly arch: string;
  /** Linux' description of the processor (`/proc/cpuinfo`); empty elsewhere. */
  readonly description: string;
}

/** The processor of this machine. */
export function thisProcessor(): Processor {
  const { platform, arch } = process;
  return { platform, arch, description: platform === 'linux' ? readFileSync('/proc/cpuinfo', 'utf8') : '' };
}

/**
 * Why mixed precision would gain nothing on a processor; null where it gains. On x86, bfloat16 products come from
 * AVX512_BF16 or AMX_BF16, on ARM from BF16; without them TensorFlow computes in float32 and rounds besides.
 */
export function bfloat16Problem({ platform, arch, description }: Processor): string | null {
  if (platform !== 'linux') return `TensorFlow has no bfloat16 products on ${platform}`;
  const features = new Set(/^(?:flags|Features)\s*:(.*)$/m.exec(description)?.[1]?.trim().split(/\s+/));
  const wanted = arch === 'arm64' ? ['bf16'] : ['avx512_bf16', 'amx_bf16'];
  if (wanted.some((feature) => features.has(feature))) return null;
  return `the processor has no bfloat16 products (${wanted.join(' or ')})`;
}
