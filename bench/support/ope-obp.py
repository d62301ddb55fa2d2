"""The baseline: OBP's own point estimates and bootstrap of IPW and SNIPW on 1,000,000 rounds × 2 actions.

Prints one JSON object. torch is not used by these estimators; where it is missing an empty module stands in for it.
"""
import json
import resource
import sys
import time
import types
import warnings

warnings.filterwarnings("ignore")


class _Missing(types.ModuleType):
    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        made = type(name, (), {})
        setattr(self, name, made)
        return made


try:
    import torch  # noqa: F401
except ImportError:
    names = ["torch", "torch.nn", "torch.nn.functional", "torch.optim", "torch.utils", "torch.utils.data"]
    for name in names:
        sys.modules[name] = _Missing(name)
    for name in names[1:]:
        parent, child = name.rsplit(".", 1)
        setattr(sys.modules[parent], child, sys.modules[name])

import numpy as np
import obp
from obp.ope import InverseProbabilityWeighting, OffPolicyEvaluation, SelfNormalizedInverseProbabilityWeighting

rounds, resamples = int(sys.argv[1]), int(sys.argv[2])
random = np.random.RandomState(1)
first = random.uniform(0.2, 0.8, rounds)
action = (random.uniform(size=rounds) >= first).astype(int)
pscore = np.where(action == 0, first, 1 - first)
policy = random.uniform(0.1, 0.9, rounds)
action_dist = np.stack([policy, 1 - policy], 1)[:, :, None]
reward = random.binomial(1, 0.1 + 0.1 * action)
feedback = dict(n_rounds=rounds, n_actions=2, action=action, reward=reward, pscore=pscore, position=None,
                context=np.zeros((rounds, 1)), action_context=np.eye(2))
cases = []
for estimator in [InverseProbabilityWeighting(), SelfNormalizedInverseProbabilityWeighting()]:
    ope = OffPolicyEvaluation(bandit_feedback=feedback, ope_estimators=[estimator])
    start = time.perf_counter()
    ope.estimate_intervals(action_dist=action_dist, n_bootstrap_samples=resamples, random_state=1)
    cases.append({"estimator": estimator.estimator_name, "seconds": time.perf_counter() - start})
print(json.dumps({"version": obp.__version__, "cases": cases,
                  "peakMiB": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}))
