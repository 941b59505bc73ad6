"""Failing branches of a Parallel state: the siblings that are aborted, and the error that goes up."""

from tests.rehearsal.stepfunctions_world import DONE, END, World, failing, states, task


def test_a_branch_that_was_not_entered_is_not_aborted() -> None:
    branches = [states("F", F={"Type": "Fail", "Error": "E"}), states("T", T=task())]
    world = World()
    arn = world.start(states("B", B={"Type": "Parallel", "Branches": branches, "End": True}))
    world.run()
    assert world.types(arn)[2:] == [
        "ParallelStateStarted",
        "FailStateEntered",
        "ParallelStateFailed",
        "ExecutionFailed",
    ]
    assert world.invoked == []


def test_branches_below_a_sibling_are_aborted_with_it() -> None:
    wait = {"Type": "Wait", "Seconds": 20, "Next": "T"}
    inner = {"Type": "Parallel", "Branches": [states("W", W=wait, T=task())], "End": True}
    fail = states("L", L={"Type": "Wait", "Seconds": 10, "Next": "F"}, F={"Type": "Fail", "Error": "E"})
    catch = [{"ErrorEquals": ["E"], "Next": "Hold"}]
    both = {"Type": "Parallel", "Branches": [fail, states("I", I=inner)], "Catch": catch, "Next": "Hold"}
    hold = {"Type": "Wait", "Seconds": 100, "End": True}
    world = World()
    arn = world.start(states("B", B=both, Hold=hold))
    world.run()
    assert world.invoked == []
    types = world.types(arn)
    assert types.count("WaitStateAborted") == types.count("ParallelStateAborted") == 1
    assert types[-1] == "ExecutionSucceeded"


def test_a_task_after_a_parallel_fails_as_a_task() -> None:
    world = World()
    world.functions["f"] = failing(99)
    catch = [{"ErrorEquals": ["E"], "Next": "T"}]
    both = {"Type": "Parallel", "Branches": [states("F", F={"Type": "Fail", "Error": "E"})], "Catch": catch}
    arn = world.start(states("B", B={**both, "Next": "T"}, T=task()))
    world.run()
    assert world.types(arn)[-2:] == ["TaskFailed", "ExecutionFailed"]


def test_a_failing_branch_aborts_its_siblings() -> None:
    world = World()
    world.functions["slow"] = lambda _: (50.0, DONE)
    branches = [
        states("L", L={"Type": "Wait", "Seconds": 10, "Next": "F"}, F={"Type": "Fail", "Error": "E"}),
        states("R", R=task("slow", Next="S"), S=task("after")),
        states("W", W={"Type": "Wait", "Seconds": 90, "End": True}),
    ]
    catch = [{"ErrorEquals": ["E"], "Next": "Caught"}]
    both = {"Type": "Parallel", "Branches": branches, "Catch": catch, "Next": "Caught"}
    arn = world.start(states("B", B=both, Caught=END))
    world.run()
    assert world.types(arn)[-7:] == [
        "TaskStateAborted",
        "WaitStateAborted",
        "ParallelStateFailed",
        "ParallelStateExited",
        "PassStateEntered",
        "PassStateExited",
        "ExecutionSucceeded",
    ]
    assert [function for _, function, _ in world.invoked] == ["slow"]


def test_a_failing_branch_of_a_branch_fails_through_to_the_top() -> None:
    inner = {"Type": "Parallel", "Branches": [states("F", F={"Type": "Fail", "Error": "E"})], "End": True}
    outer = {"Type": "Parallel", "Branches": [states("I", I=inner)], "End": True}
    world = World()
    arn = world.start(states("O", O=outer))
    world.run()
    assert world.describe(arn)["error"] == "E"
    assert world.types(arn)[-4:] == [
        "ParallelStateFailed",
        "ParallelStateAborted",
        "ParallelStateFailed",
        "ExecutionFailed",
    ]
