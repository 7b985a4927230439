/** What training runs on without native TensorFlow: TF.js on WebAssembly where that is installed. */
export function slowBackend(isInstalled: (name: string) => boolean = isPackage): string {
  return isInstalled('@tensorflow/tfjs-backend-wasm')
    ? 'WebAssembly, some twenty times slower'
    : 'plain JavaScript, very much slower';
}

function isPackage(name: string): boolean {
  try {
    import.meta.resolve(name);
    return true;
  } catch {
    return false; // an answer, not a failure
  }
}
