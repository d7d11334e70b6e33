"""What may have happened while nobody measured: not one movement but any number, each as likely as the next."""

from __future__ import annotations

from dataclasses import replace

from agent.detection import Contact
from agent.inference import InferenceParameters, Step, Verdict
from agent.inference.change import Change
from agent.weighing import StandIn

TWO = 0.25  # of changes over a gap: two products went, or came
THREE = 0.05
SWAPPED = 0.2  # one went and another came
ELSE = 0.1  # more than can be told apart
KNOWN_SHARE = 0.94  # any number of hands may have been there: no reading of it is surer
ELSE_SHARE = 0.5  # and what fits no goods may be several as well as something else
LEAST_G = 3.0  # a weight that differs by more, and by so many standard deviations, is not what it was
LEAST_SIGMAS = 6.0


def unseen(parameters: InferenceParameters) -> InferenceParameters:
    """The parameters with the priors of a gap."""
    return replace(
        parameters,
        pick_one_product=1 - TWO - THREE - ELSE,
        pick_two_products=TWO,
        pick_three_products=THREE,
        pick_else=ELSE,
        put_two_bundles=TWO,
        put_else=ELSE,
        swap=SWAPPED,
    )


def humble(step: Step) -> Step:
    """A step over a gap with no more certainty than it can have."""
    return replace(step, certainty=min(step.certainty, ELSE_SHARE if step.best is None else KNOWN_SHARE))


def nothing_lost(
    verdict: Verdict, contact: Contact, parameters: InferenceParameters, stand_in: StandIn | None
) -> Verdict:
    """A contact over a gap that is to be closed as nothing: where the weight is another, that is told all the same."""
    assert contact.before is not None and contact.current is not None
    change = Change.between(contact.before, contact.current, parameters, stand_in)
    differs_g = abs(change.delta_g[0])
    if verdict.steps or differs_g < LEAST_G or differs_g < LEAST_SIGMAS * change.variance_g2[0] ** 0.5:
        return verdict
    ranked = (((), ELSE_SHARE),)
    step = Step(contact.before, contact.current, change, ranked, None, False, False, ELSE_SHARE)
    return replace(verdict, action="tell", steps=(step,), pushed=())
