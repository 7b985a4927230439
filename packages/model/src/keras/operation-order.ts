/** A layer, or a model used as one, in a functional model: its name and those that its calls take, call by call. */
export interface Operation {
  readonly name: string;
  /** For each call, the (name, call) of each input; a call without inputs is an input of the model. */
  readonly calls: readonly (readonly (readonly [name: string, call: number])[])[];
}

/**
 * The order in which Keras 3 numbers a functional model's layers in its weights' file: by depth, counted from the
 * output, the deepest first; within a depth in the order in which a walk from the output comes by them
 * (keras/src/ops/function.py, map_graph_network).
 * @param output the (name, call) that gives the model's output
 */
export function operationOrder(
  operations: readonly Operation[],
  output: readonly [name: string, call: number],
): string[] {
  const inputsOf = new Map(operations.map(({ name, calls }) => [name, calls]));
  const met = new Map<string, number>();
  const walked: (readonly [string, number])[] = [];
  const finished = new Set<string>();
  const walk = ([name, call]: readonly [string, number]): void => {
    if (finished.has(key(name, call))) return;
    if (!met.has(name)) met.set(name, met.size);
    for (const input of inputsOf.get(name)?.[call] ?? []) walk(input);
    finished.add(key(name, call));
    walked.push([name, call]);
  };
  walk(output);

  const callDepth = new Map<string, number>();
  const depth = new Map<string, number>();
  for (const [name, call] of walked.reverse()) {
    const own = Math.max(callDepth.get(key(name, call)) ?? 0, depth.get(name) ?? 0);
    depth.set(name, own);
    callDepth.set(key(name, call), own);
    for (const input of inputsOf.get(name)?.[call] ?? [])
      callDepth.set(key(...input), Math.max(own + 1, callDepth.get(key(...input)) ?? 0));
  }
  return [...met.keys()].sort((a, b) => depth.get(b)! - depth.get(a)! || met.get(a)! - met.get(b)!);
}

const key = (name: string, call: number) => `${call}/${name}`;
