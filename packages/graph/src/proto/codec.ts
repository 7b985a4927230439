import { messageCodec } from './message-table.js';
import { messages, type SavedModelMessage } from './messages.js';

const savedModel = messageCodec<SavedModelMessage, keyof typeof messages>(messages, {
  package: 'tensorflow',
  root: 'SavedModel',
});

/** The bytes of a `saved_model.pb`. */
export const encodeSavedModel = (model: SavedModelMessage): Uint8Array => savedModel.encode(model);

/** Reads the fields we know out of a `saved_model.pb`; other fields are skipped. */
export const decodeSavedModel = (bytes: Uint8Array): SavedModelMessage => savedModel.decode(bytes);
