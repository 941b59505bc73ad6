"""Which test proves which invariant, and which sees it broken once its guard is taken out.

docs/invariants.md says the same to readers; `test_invariants` compares both with the tests that there are.
"""

from typing import NamedTuple

GUARDS = "steps/test_guard_removal::test_with_the_guard_it_does_not_happen_and_without_it_does"
STORMS = "steps/test_three_controller_faults::test_in_a_storm_every_invariant_holds_at_every_step_and_it_ends"
THREE = "steps/test_three_controllers"
MATRIX = f"{THREE}::test_the_driver_s_region_dies_at_a_call_and_another_ends_it_with_one_effect"
PLACES, KEPT = "steps/test_every_place", "steps/test_head_kept"
EVERY_PLACE = (
    "test_s18_a_process_that_begins_finds_every_change_and_names_the_place",
    "test_s18_a_process_that_lives_finds_a_change_at_the_end_at_once_and_every_other_within_ten_minutes",
    "test_s18_an_export_refuses_every_change_and_names_the_place",
    "test_s18_a_check_of_a_forged_bundle_finds_every_change_and_names_the_place",
)


class Proof(NamedTuple):
    """holds: tests in which it holds. without: tests in which a guard is taken out, and it breaks."""

    holds: tuple[str, ...]
    without: tuple[str, ...]


PROOFS: dict[str, Proof] = {
    "S1": Proof(
        (
            STORMS,
            "steps/test_application_shapes::test_into_a_region_that_was_off_each_slice_stays_on_somewhere",
        ),
        (
            f"{GUARDS}[floor]",
            "steps/test_safety::test_s1_a_call_holds_whole_slices_where_two_calls_are_needed",
        ),
    ),
    "S2": Proof((MATRIX, STORMS), ("steps/test_safety::test_s2_what_is_sent_was_written_down_before",)),
    "S3": Proof(
        (STORMS, "steps/test_dependency_outages::test_two_observers_at_once_open_one_incident"),
        (
            "steps/test_safety::test_s3_of_three_that_open_at_once_one_does",
            "steps/test_safety::test_s3_no_second_incident_while_one_is_open",
            "steps/test_three_controller_faults::test_the_storm_finds_two_that_write_the_same_event",
        ),
    ),
    "S4": Proof(
        (MATRIX, "steps/test_takeover::test_a_frozen_driver_that_thaws_sends_nothing_and_its_run_ends"),
        (
            "steps/test_takeover_unguarded::test_s4_without_the_echo_repair_a_late_call_stands",
            "steps/test_takeover_unguarded::test_s4_without_fence_and_deadline_a_thawed_driver_sends",
            f"{THREE}::test_s4_a_late_call_is_put_back_within_a_minute_whatever_the_clocks_say",
            f"{THREE}::test_s4_a_driver_that_thaws_sends_nothing_by_whatever_clock",
        ),
    ),
    "S5": Proof(
        ("steps/test_readiness::test_into_a_target_that_is_not_known_to_be_ready_nothing_moves",),
        (
            f"{GUARDS}[readiness]",
            "steps/test_readiness::test_an_evaluation_that_is_too_old_is_not_ready",
            "steps/test_readiness::test_readiness_is_looked_at_again_right_before_the_shift",
        ),
    ),
    "S6": Proof(
        (
            "steps/test_takeover::test_a_driver_that_is_cut_off_midway_stops_beating_and_another_finishes",
            "drills/test_scenarios::test_all_regions_red_nothing_moves_and_people_are_paged_within_seven_minutes",
        ),
        (
            f"{GUARDS}[not_cut_off]",
            f"{GUARDS}[shared_cause]",
            "steps/test_takeover_unguarded"
            "::test_s6_without_abstention_a_controller_that_is_cut_off_keeps_the_lease",
        ),
    ),
    "S7": Proof(
        ("steps/test_operator_commands::test_s7_the_cooldown_holds_until_a_named_person_acknowledged",),
        (
            f"{GUARDS}[cooldown]",
            "steps/test_operator_commands::test_s7_the_cooldown_holds_until_a_named_person_acknowledged",
            "steps/test_break_glass_known"
            "::test_s7_without_the_person_s_move_the_target_is_left_within_the_cooldown",
        ),
    ),
    "S8": Proof(
        ("core/test_readiness::test_nobody_can_be_asked_past_replication_on_return",),
        ("steps/test_liveness::test_s8_a_region_comes_home_after_unbroken_health_only",),
    ),
    "S9": Proof(
        (
            f"{GUARDS}[velocity]",
            "core/test_fleet_limit::test_s9_the_limit_counts_distinct_regions_of_the_whole_fleet",
        ),
        (
            f"{GUARDS}[velocity]",
            "steps/test_fleet_limit"
            "::test_s9_one_region_more_than_the_fleet_may_leave_is_not_left_and_people_are_told",
            "steps/test_fleet_limit::test_s9_a_region_wide_event_is_never_rationed",
            "steps/test_fleet_limit::test_s9_two_that_set_out_at_once_meet_before_either_intends",
        ),
    ),
    "S10": Proof(
        (STORMS, "steps/test_kill_matrix::test_a_step_that_is_invoked_twice_at_once_has_one_effect"),
        (
            "steps/test_safety::test_s10_a_backlog_of_thirteen_hours_opens_nothing",
            "steps/test_safety::test_s10_an_event_that_comes_again_is_one_observation",
        ),
    ),
    "S11": Proof(
        ("drills/test_scenarios::test_alarms_without_data_move_nothing_while_customers_are_fine",),
        (
            "steps/test_safety::test_s11_missing_data_is_no_failure",
            "steps/test_safety::test_s11_missing_data_is_no_health",
        ),
    ),
    "S12": Proof(
        (
            "steps/test_operator_commands::test_a_muted_region_is_unknown_however_red_until_it_speaks_again",
            "steps/test_signals::test_exercises_and_experiments_reach_the_record_and_nothing_else",
        ),
        ("steps/test_operator_commands::test_s12_without_the_guard_a_muted_region_is_left",),
    ),
    "S13": Proof(
        ("core/test_policy_signals::test_aws_health_accuses_and_never_testifies_to_health",),
        ("steps/test_safety::test_s13_one_zone_moves_no_region_and_a_second_one_does",),
    ),
    "S14": Proof(
        (
            "steps/test_safety_rule::test_the_refusal_names_the_rule_and_two_people_set_it_aside",
            "steps/test_safety_rule::test_s14_overriding_is_a_permission_of_its_own",
        ),
        (
            "steps/test_safety_rule::test_s14_without_the_guards_the_rule_is_set_aside_on_nobody_s_word",
            "steps/test_safety_rule::test_s14_without_the_wave_in_it_one_override_would_do_for_all_waves",
        ),
    ),
    "S15": Proof(
        (STORMS, "steps/test_approval::test_disarmed_between_approval_and_shift_nothing_is_sent"),
        (
            f"{GUARDS}[armed]",
            "steps/test_guard_removal::test_the_fence",
            "steps/test_operator_commands::test_s15_an_unreadable_kill_switch_counts_as_disarmed",
            "steps/test_three_controller_faults"
            "::test_the_storm_finds_a_controller_that_does_not_look_at_its_kill_switch",
        ),
    ),
    "S16": Proof(
        (
            "lab/test_loader::test_what_is_refused_and_where",
        ),
        (
            f"{GUARDS}[policy_valid]",
            "steps/test_policy_refusal::test_s16_what_is_left_out_is_refused_and_never_taken_for_leave",
            "steps/test_policy_refusal::test_s16_a_file_is_bounded_in_size_and_depth",
        ),
    ),
    "S17": Proof(
        (MATRIX, STORMS, f"{THREE}::test_s17_clocks_ten_minutes_apart_move_nothing_while_all_is_well"),
        (
            f"{THREE}::test_s17_a_clock_that_is_set_back_is_found_out_and_another_controller_drives_on",
            f"{THREE}::test_s4_a_late_call_is_put_back_within_a_minute_whatever_the_clocks_say",
            "steps/test_approval_unguarded::test_s17_an_approval_counts_whatever_clock_dated_it",
        ),
    ),
    "S18": Proof(
        (
            STORMS,
            "core/test_journal::test_dropped_swapped_doubled_and_rewritten_records_are_found",
            *(f"{PLACES}::{test}" for test in EVERY_PLACE),
            f"{KEPT}::test_heads_are_kept_in_each_region_across_restarts_and_re_reads_and_never_step_back",
            f"{KEPT}"
            "::test_a_region_whose_assessments_were_down_catches_up_and_finds_what_was_cut_meanwhile",
        ),
        (
            f"{PLACES}::test_s18_without_one_guard_a_change_is_not_found_by_a_process_that_begins",
            f"{PLACES}::test_s18_without_the_stored_hash_the_end_that_no_assessment_saw_can_be_edited",
            f"{KEPT}"
            "::test_s18_what_was_read_while_no_assessment_answered_is_held_against_it_later_however_far_it_grew",
            f"{KEPT}"
            "::test_s18_an_older_head_that_is_written_after_a_newer_one_does_not_replace_it_and_its_writer_learns",
            "steps/test_journal_tampering::test_s18_a_record_that_was_changed_is_found_and_nothing_moves",
            "steps/test_journal_tampering::test_s18_a_tail_that_was_cut_off_before_a_process_began_is_found",
        ),
    ),
    "S19": Proof(
        ("drills/test_scenarios::test_a_blip_of_43_seconds_moves_nothing_and_opens_no_incident",),
        ("steps/test_safety::test_s19_forty_three_seconds_move_nothing",),
    ),
    "S20": Proof(
        (
            "core/test_there_and_back"
            "::test_there_and_back_is_home_and_each_slice_is_on_where_its_rule_allows_after_every_call",
            "steps/test_there_and_back::test_two_regions_are_left_and_return_in_either_order",
        ),
        ("steps/test_there_and_back::test_s20_without_the_guards_a_rule_refuses_our_own_plan",),
    ),
    "S21": Proof(
        (
            "steps/test_own_blindness::test_a_region_that_refuses_our_polls_is_not_silent",
            "core/test_hearing::test_where_no_region_answers_a_poll_nobody_is_silent_and_the_sentence_says_why",
        ),
        (
            "steps/test_own_blindness::test_s21_where_no_region_answers_a_poll_no_region_is_silent",
            "steps/test_own_blindness"
            "::test_s21_without_the_record_of_refused_looks_a_throttled_region_is_left",
        ),
    ),
    "S22": Proof(
        (
            "entry/test_break_glass_record"
            "::test_a_record_cut_to_any_number_of_its_lines_is_found_and_says_which_are_missing",
            "steps/test_break_glass"
            "::test_a_record_that_was_cut_after_it_was_journalled_is_named_by_its_lines",
            "entry/test_break_glass_places"
            "::test_s22_every_change_of_every_line_is_found_by_the_machine_but_what_is_done_with_the_key",
            *(f"{PLACES}::{test}" for test in EVERY_PLACE),
        ),
        (
            f"{PLACES}::test_s22_without_its_witnesses_a_journal_that_was_cut_passes_export_and_check",
            "steps/test_fleet_head"
            "::test_s22_a_fleet_s_journal_that_was_cut_rewritten_or_erased_is_found_by_a_fresh_process",
            "entry/test_break_glass_places"
            "::test_s22_once_the_journal_has_the_lines_it_tells_of_every_one_what_the_machine_cannot",
            "entry/test_break_glass_record"
            "::test_s22_without_the_head_a_record_that_was_cut_reads_as_whole",
            "steps/test_break_glass::test_s22_without_the_journal_s_word_a_rewritten_record_is_whole",
        ),
    ),
    "S23": Proof(
        (
            "steps/test_policy_change::test_a_policy_that_is_deployed_in_mid_move",
            "steps/test_policy_documents::test_the_roll_back_of_one_stack_silences_none_of_three_controllers",
        ),
        (
            "steps/test_policy_change::test_s23_without_the_guard_what_was_removed_is_moved",
            "steps/test_policy_change"
            "::test_s23_without_the_bounds_of_the_one_in_force_a_shadow_policy_moves_traffic",
            "steps/test_policy_documents"
            "::test_s23_a_forged_row_is_believed_where_nobody_computes_its_digest",
        ),
    ),
    "A1": Proof(
        ("steps/test_approval::test_approve_and_deny_at_once_one_wins_and_the_other_is_told",),
        (
            "steps/test_guard_removal::test_the_condition_of_the_append",
            "steps/test_approval_unguarded"
            "::test_a1_of_two_clicks_in_two_regions_during_a_partition_one_counts",
            "console/test_partition::test_a1_without_the_conditional_append_both_would_count",
        ),
    ),
    "A2": Proof(
        (
            "console/test_read_only::test_a2_a_robot_that_opens_every_link_changes_nothing",
            "console/test_browser::test_a_robot_that_opens_every_link_in_a_browser_and_submits_no_form"
            "_changes_nothing",
        ),
        ("console/test_read_only::test_a2_a_console_that_is_newer_than_the_journal_writes_nothing_by_looking",),
    ),
    "A3": Proof(
        ("steps/test_approval::test_healed_while_people_are_asked_it_stands_down_within_two_minutes"
         "_and_no_cooldown_follows",
         "steps/test_approved_plan"
         "::test_a_control_that_nobody_was_asked_about_is_not_moved_and_people_are_asked_anew"),
        (
            "steps/test_approval_chain::test_a3_at_the_click_the_evidence_is_judged_again",
            "steps/test_approval_unguarded::test_a3_an_approval_is_of_the_plan_that_was_shown",
            "steps/test_approved_plan::test_a3_without_the_guard_what_nobody_was_asked_about_moves",
        ),
    ),
    "A4": Proof(
        ("steps/test_approval"
         "::test_an_answer_after_the_time_is_up_counts_for_nothing_even_before_anybody_noticed",),
        (
            "steps/test_approval_chain::test_a4_an_expired_request_is_refused",
            "steps/test_approval_unguarded"
            "::test_a4_a_request_of_a_driver_that_was_replaced_is_refused_and_says_so",
        ),
    ),
    "A5": Proof(
        ("steps/test_approval_chain::test_the_next_are_asked_when_the_first_time_is_up_and_two_of_them_let_it_move",),
        (
            "steps/test_approval_chain::test_a5_the_same_person_twice_is_one_person",
            "steps/test_approval_chain::test_a5_the_requester_is_no_approver",
            "console/test_console_approval"
            "::test_a_guard_refuses_and_nothing_is_written_and_without_it_the_answer_counts",
        ),
    ),
    "A6": Proof(
        ("console/test_secrets"
         "::test_nothing_that_a_whole_run_shows_logs_sends_or_keeps_holds_the_task_token",),
        ("console/test_secrets::test_a6_without_encryption_the_search_finds_the_token_in_the_table",),
    ),
    "A7": Proof(
        ("steps/test_approval_chain::test_silence_after_the_last_ask_is_a_denial_after_a_reminder_in_each",),
        ("steps/test_approval_chain::test_a7_a_denial_is_final",),
    ),
    "A8": Proof(
        ("console/test_outbound::test_a_redirect_is_an_answer_and_not_followed",),
        ("console/test_outbound::test_what_is_not_on_the_list_is_not_asked_and_without_the_list_it_would_be",),
    ),
    "A9": Proof(
        ("console/test_bad_input::test_a9_a_hostile_name_and_reason_in_the_journal_forge_no_page",),
        ("console/test_bad_input::test_a9_without_escaping_a_hostile_name_is_markup",),
    ),
    "L1": Proof(
        (MATRIX, "drills/test_controllers::test_the_driver_dies_once_people_are_asked_and_another_finishes"
         "_within_five_minutes"),
        (
            f"{THREE}::test_l1_without_takeover_an_incident_whose_driver_died_stays_open",
            "steps/test_takeover_unguarded::test_l1_without_takeover_nobody_finishes",
            "steps/test_takeover_unguarded::test_l1_without_beats_a_living_driver_is_taken_over",
        ),
    ),
    "L2": Proof(
        ("drills/test_scenarios::test_with_two_arc_endpoints_hung_a_dark_region_is_left_within_seven_minutes",),
        ("steps/test_liveness::test_l2_two_endpoints_hang_and_traffic_moves_within_fifteen_seconds",),
    ),
    "L3": Proof(
        ("drills/test_scenarios::test_a_dark_region_whose_bus_delivers_nothing_is_left_within_six_minutes",),
        ("steps/test_liveness::test_l3_what_no_event_says_is_polled",),
    ),
    "L4": Proof(
        ("steps/test_dependency_outages"
         "::test_the_journal_does_not_answer_nothing_moves_people_are_paged_once_and_why_can_tell",),
        (
            "steps/test_liveness::test_l4_without_its_evidence_a_controller_leaves_it_to_the_next",
            "steps/test_liveness::test_l4_a_driver_without_its_evidence_stops_beating_and_is_replaced",
            "steps/test_liveness::test_l4_without_a_journal_nothing_moves_and_people_are_told",
        ),
    ),
    "L7": Proof(
        ("drills/test_second_region"
         "::test_the_block_holds_people_are_told_and_a_person_leaves_the_second_region_within_a_minute",),
        ("steps/test_operator_commands::test_l7_a_person_leaves_a_second_region_while_the_block_is_on",),
    ),
    "L8": Proof(
        (
            "steps/test_paging::test_all_controllers_cut_off_from_each_other_people_are_told",
            "steps/test_paging::test_quiet_hours_are_told_to_nobody_by_any_of_three",
        ),
        (
            "steps/test_paging::test_l8_without_the_rule_nobody_hears_of_three_dark_hours",
            "steps/test_paging::test_l8_without_the_hand_over_the_driver_that_cannot_tell_keeps_it",
        ),
    ),
}  # fmt: skip

HANDED_IN = {"steps/test_liveness::test_l2_two_endpoints_hang_and_traffic_moves_within_fifteen_seconds"}
"""Where the guard is a setting, and its absence another setting, nothing is patched."""
