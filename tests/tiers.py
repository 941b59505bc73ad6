"""The tiers of tests. `make test` runs all but `CHECK`, and `make check` runs that.

| tier | who waits for it | at most, on two cores |
|---|---|---|
| `make test` | everyone, after each change: lint, types, units, a scenario of each kind | 5 min |
| `make check` | the landing of a change: all else that can fail it, a slice of each proof | 35 min |
| `make prove` | whoever closes an issue, by hand: mutants, attacks, 1,000 seeds, bench | hours |

A file stands in `CHECK` because it takes seconds a test, and something in `make test` covers its subject
once.
"""

CHECK = (
    "tests/cases/",
    "tests/console/test_browser.py",
    "tests/drills/test_bundles.py",
    "tests/drills/test_controllers.py",
    "tests/drills/test_healing.py",
    "tests/drills/test_kill_matrix.py",
    "tests/drills/test_month.py",
    "tests/drills/test_restore_and_drill.py",
    "tests/drills/test_simulation.py",
    "tests/entry/test_broken_journal.py",
    "tests/entry/test_break_glass_places.py",
    "tests/entry/test_journal_lost.py",
    "tests/entry/test_operator_policies.py",
    "tests/entry/test_page_commands.py",
    "tests/entry/test_up.py",
    "tests/infra/test_bundle_contents.py",
    "tests/infra/test_bundles_alone.py",
    "tests/infra/test_first_deployment.py",
    "tests/infra/test_page_commands.py",
    "tests/infra/test_side_by_side.py",
    "tests/infra/test_stack_by_stack.py",
    "tests/infra/test_two_accounts.py",
    "tests/infra/test_standby_drill.py",
    "tests/infra/test_standby_stacks.py",
    "tests/infra/test_standby_up.py",
    "tests/infra/test_two_accounts_drill.py",
    "tests/infra/test_two_versions.py",
    "tests/infra/test_deploy_script.py",
    "tests/infra/test_eu_example.py",
    "tests/lab/test_loader_mutations.py",
    "tests/mutate/",
    "tests/rehearsal/test_unplayed_everywhere.py",
    "tests/steps/test_approval_unguarded.py",
    "tests/steps/test_every_place.py",
    "tests/steps/test_execution_history.py",
    "tests/steps/test_flapping_hours.py",
    "tests/steps/test_guard_removal.py",
    "tests/steps/test_held_incident.py",
    "tests/steps/test_hostile_items.py",
    "tests/steps/test_invariants.py",
    "tests/steps/test_kill_matrix.py",
    "tests/steps/test_largest_policy.py",
    "tests/steps/test_takeover_ticks.py",
    "tests/steps/test_takeover_unguarded.py",
    "tests/steps/test_three_controller_faults.py",
)
"""Beginnings of node ids."""

ATTACKS = (
    "tests/audit/test_hostile_bundle.py",
    "tests/aws/test_arc_random_faults.py",
    "tests/aws/test_events_fuzz.py",
    "tests/console/test_bad_input.py",
    "tests/console/test_secrets.py",
    "tests/lab/test_loader_bounds.py",
    "tests/lab/test_loader_mutations.py",
    "tests/rehearsal/test_dynamodb_oracle.py",
    "tests/steps/test_break_glass_storm.py",
    "tests/steps/test_random_faults.py",
    "tests/steps/test_three_controller_faults.py",
)
"""Hostile input and random faults, in either tier; `tests.prove` plays them with other seeds, and with more.
"""
