/** Rules for what people write that do not bind controllers: a controller may wrap a bare test into a run without fault. */
import type { Typed } from './check-object.ts';
import type { Experiment } from './model.ts';
import type { Finding, Path } from './problems.ts';

type Rules = { errors: Finding[]; warnings: Finding[] };

export function manifestRules(typed: Typed): Rules {
  switch (typed.kind) {
    case 'NodeTask':
      return refuse(['kind'], 'NodeTask', 'internal; only controllers write NodeTasks. Write a NetworkExperiment');
    case 'NetworkExperiment':
      return experimentRules(typed.model, ['spec']);
    case 'NetworkExperimentSchedule':
      return experimentRules(typed.model.template.experiment, ['spec', 'experimentTemplate', 'spec']);
    case 'NetworkGameDay': {
      const all = typed.model.steps.map(({ experiment }, index) =>
        'experiment' in experiment
          ? experimentRules(experiment.experiment, ['spec', 'steps', index, 'experiment'])
          : { errors: [], warnings: [] },
      );
      return { errors: all.flatMap(({ errors }) => errors), warnings: all.flatMap(({ warnings }) => warnings) };
    }
    default:
      return { errors: [], warnings: [] };
  }
}

function refuse(path: Path, value: unknown, message: string): Rules {
  return { errors: [{ path, value, message }], warnings: [] };
}

function experimentRules({ fault, hypothesis }: Experiment, at: Path): Rules {
  if (fault === undefined) {
    const message =
      'required; expected a fault, or {ref: name} of a shaper. To run a test alone, write the test as its own manifest';
    return refuse([...at, 'fault'], undefined, message);
  }
  if (hypothesis.length > 0) return { errors: [], warnings: [] };
  const message = 'no hypothesis; the verdict will only say that the fault acted and was undone';
  return { errors: [], warnings: [{ path: [...at, 'hypothesis'], value: undefined, message }] };
}
