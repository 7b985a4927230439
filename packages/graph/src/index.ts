/** A tfjs LayersModel as one TensorFlow graph with its training step; SavedModel writer; native session. */
export { ensureNative, type EnsureNativeOptions } from './native/ensure-native.js';
export { nativeState, type NativeState } from './native/native-state.js';
export { loadBinding, type NativeBinding, type NativeData, type NativeTensor } from './native/binding.js';
