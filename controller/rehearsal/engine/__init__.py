"""Step Functions for the rehearsal cloud: the part of the Amazon States Language that tidegate uses."""

from controller.rehearsal.engine.api import StepFunctions
from controller.rehearsal.engine.integrations import Done, Integration
from controller.rehearsal.services.awslambda import Invoke, Outcome

__all__ = ["Done", "Integration", "Invoke", "Outcome", "StepFunctions"]
