// A function: its execution environments, used in turn, replaced when they break.
import type { FunctionSpec } from '../template/functions.ts';
import { startEnvironment, type ExecutionEnvironment, type InvocationResult } from './environment.ts';

export type LambdaFunction = {
  readonly name: string;
  /** `event` is JSON. Never rejects. */
  invoke(event: string): Promise<InvocationResult>;
  /** Starts the environments ahead of the first request. */
  warm(): void;
  stop(): Promise<void>;
};

export type LambdaFunctionOptions = {
  readonly spec: FunctionSpec;
  /** The environment variables that the function sees. */
  readonly variables: Readonly<Record<string, string>>;
  readonly environments: number;
  readonly onOutput: (text: string) => void;
  /** A function error: thrown, timed out, crashed, not initialised. */
  readonly onFailure: (text: string) => void;
};

export function createLambdaFunction({ spec, variables, environments, onOutput, onFailure }: LambdaFunctionOptions): LambdaFunction {
  const slots: (ExecutionEnvironment | undefined)[] = new Array<undefined>(environments).fill(undefined);
  let turn = 0;
  let stopped = false;

  const start = (): ExecutionEnvironment =>
    startEnvironment({
      spec: { functionName: spec.name, functionArn: spec.arn, directory: spec.directory, handler: spec.handler, memoryMb: spec.memoryMb },
      variables,
      onOutput,
    });
  const environmentAt = (index: number): ExecutionEnvironment => {
    const present = slots[index];
    if (present && (present.usable() || stopped)) return present;
    const fresh = start();
    slots[index] = fresh;
    return fresh;
  };

  return {
    name: spec.name,
    async invoke(event) {
      turn = (turn + 1) % environments;
      const result = await environmentAt(turn).invoke(event, spec.timeoutMs);
      if (!result.ok && !stopped && !isRefusal(result)) onFailure(`${spec.logicalId}: ${result.errorType}: ${result.errorMessage}`);
      return result;
    },
    warm() {
      for (let index = 0; index < environments; index += 1) environmentAt(index);
    },
    async stop() {
      stopped = true;
      await Promise.all(slots.filter((environment) => environment !== undefined).map((environment) => environment.stop()));
    },
  };
}

/** How an authorizer says 401: by failing with exactly this. */
const isRefusal = (result: InvocationResult): boolean => !result.ok && result.kind === 'thrown' && result.errorMessage === 'Unauthorized';
