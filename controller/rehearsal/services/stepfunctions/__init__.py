"""Step Functions for the rehearsal cloud.

It has the part of the Amazon States Language that tidegate uses.
"""

from controller.rehearsal.services.awslambda import Invoke, Outcome
from controller.rehearsal.services.stepfunctions.api import StepFunctions
from controller.rehearsal.services.stepfunctions.tasks import Done, Integration

__all__ = ["Done", "Integration", "Invoke", "Outcome", "StepFunctions"]
