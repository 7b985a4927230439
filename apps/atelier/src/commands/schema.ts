import { datasetJsonSchema } from '@atelier/core';
import { defineCommand, printJson } from '../command.js';

/** `atelier schema`: everything that dataset.json may hold, for editors. */
export const schema = defineCommand({
  name: 'schema',
  description: 'print the JSON schema of dataset.json',
  options: {},
  async run() {
    printJson(datasetJsonSchema());
  },
});
